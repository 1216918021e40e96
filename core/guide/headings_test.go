package guide

import (
	"go/ast"
	"go/doc"
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// section is a heading of the guide, with the tests of what stands under it and an
// example for each of its code samples, in their order.
type section struct {
	heading  string
	tests    []string // without TestGuide_; none for a chapter that has nothing but sections
	examples []string // without Example_
}

func names(all ...string) []string { return all }

var contents = []section{
	{"Overview", names("Overview"), nil},

	{"Quick Start", nil, nil},
	{"Basic WebSocket Server", names("QuickStart_BasicWebSocketServer"), names("quickStart_basicServer")},
	{"Basic WebSocket Client", names("QuickStart_BasicWebSocketClient"), names("quickStart_basicClient")},

	{"Architecture", nil, nil},
	{"Components", names("Architecture_Components"), nil},
	{"Message Flow", names("Architecture_MessageFlow"), nil},

	{"Configuration", nil, nil},
	{"WebSocket Server Configuration", names("Configuration_WebSocketServerConfiguration"), names("configuration_webSocketServerConfiguration")},

	{"Server-Side Implementation", nil, nil},
	{"Creating a WebSocket Controller", names("ServerSideImplementation_CreatingAWebSocketController"), names("serverSideImplementation_creatingAController")},
	{"Registering Routes", names("ServerSideImplementation_RegisteringRoutes"), names("serverSideImplementation_registeringRoutes")},
	{"Sending Messages", names("ServerSideImplementation_SendingMessages"), names("serverSideImplementation_sendingMessages")},
	{"Using WebSocket Service", names("ServerSideImplementation_UsingWebSocketService"), names("serverSideImplementation_webSocketService")},

	{"Client-Side Implementation", nil, nil},
	{"Browser WebSocket Client", names("ClientSideImplementation_BrowserWebSocketClient"), names("clientSideImplementation_browserClient")},
	{"Node.js WebSocket Client", names("ClientSideImplementation_NodejsWebSocketClient"), names("clientSideImplementation_nodejsClient")},

	{"Room Management", nil, nil},
	{"Joining Rooms", names("RoomManagement_JoiningRooms"), names("roomManagement_joiningRooms")},
	{"Leaving Rooms", names("RoomManagement_LeavingRooms"), names("roomManagement_leavingRooms")},
	{"Broadcasting to Rooms", names("RoomManagement_BroadcastingToRooms"), names("roomManagement_broadcastingToRooms")},
	{"Room Configuration", names("RoomManagement_RoomConfiguration"), names("roomManagement_roomConfiguration")},

	{"Authentication", nil, nil},
	{"JWT Authentication", names("Authentication_JWTAuthentication"), names("authentication_jwtAuthentication")},
	{"Server-Side Authentication", names("Authentication_ServerSideAuthentication"), names("authentication_serverSideAuthentication")},
	{"Authentication Flow", names("Authentication_AuthenticationFlow"), nil},
	{"Accessing User Data in Controllers", names("Authentication_AccessingUserDataInControllers"), names("authentication_accessingUserData")},

	{"Multi-Worker Coordination", names("MultiWorkerCoordination"), nil},
	{"How It Works", names("MultiWorkerCoordination_HowItWorks"), nil},
	{"Automatic Events", names("MultiWorkerCoordination_AutomaticEvents"), nil},
	{"Custom Cross-Worker Messages", names("MultiWorkerCoordination_CustomCrossWorkerMessages"), names("multiWorkerCoordination_customCrossWorkerMessages")},
	{"Subscriber Matching and Ordering", names("MultiWorkerCoordination_SubscriberMatchingAndOrdering"), names(
		"multiWorkerCoordination_subscriberMatchingAndOrdering",
		"multiWorkerCoordination_subscriberMatchingAndOrdering_segmentTargeting")},

	{"Broadcasting Utilities", names("BroadcastingUtilities"), nil},
	{"Broadcast to All Clients", names("BroadcastingUtilities_BroadcastToAllClients"), names("broadcastingUtilities_broadcastToAllClients")},
	{"Broadcast to Room", names("BroadcastingUtilities_BroadcastToRoom"), names("broadcastingUtilities_broadcastToRoom")},
	{"Broadcast to Specific Users", names("BroadcastingUtilities_BroadcastToSpecificUsers"), names("broadcastingUtilities_broadcastToSpecificUsers")},
	{"Broadcast to Single Client", names("BroadcastingUtilities_BroadcastToSingleClient"), names("broadcastingUtilities_broadcastToSingleClient")},

	{"Subscriber Utilities", names("SubscriberUtilities"), nil},
	{"Creating Matchers", names("SubscriberUtilities_CreatingMatchers"), names("subscriberUtilities_creatingMatchers")},
	{"Error Handling", names("SubscriberUtilities_ErrorHandling"), names("subscriberUtilities_errorHandling")},
	{"Rate Limiting", names("SubscriberUtilities_RateLimiting"), names("subscriberUtilities_rateLimiting")},
	{"Retry Logic", names("SubscriberUtilities_RetryLogic"), names("subscriberUtilities_retryLogic")},
	{"Validation", names("SubscriberUtilities_Validation"), names("subscriberUtilities_validation")},
	{"Conditional Execution", names("SubscriberUtilities_ConditionalExecution"), names("subscriberUtilities_conditionalExecution")},
	{"Composing Handlers", names("SubscriberUtilities_ComposingHandlers"), names("subscriberUtilities_composingHandlers")},

	{"Subscriber Middleware", names("SubscriberMiddleware"), nil},
	{"Using Built-in Middleware", names("SubscriberMiddleware_UsingBuiltInMiddleware"), names("subscriberMiddleware_usingBuiltInMiddleware")},
	{"Custom Middleware", names("SubscriberMiddleware_CustomMiddleware"), names("subscriberMiddleware_customMiddleware")},
	{"Middleware Execution Flow", names("SubscriberMiddleware_MiddlewareExecutionFlow"), names("subscriberMiddleware_middlewareExecutionFlow")},

	{"Advanced Features", names("AdvancedFeatures"), nil},
	{"Inactive Client Management", names("AdvancedFeatures_InactiveClientManagement"), names("advancedFeatures_inactiveClientManagement")},
	{"Client Metadata", names("AdvancedFeatures_ClientMetadata"), names("advancedFeatures_clientMetadata")},
	{"Performance Monitoring", names("AdvancedFeatures_PerformanceMonitoring"), names("advancedFeatures_performanceMonitoring")},
	{"Graceful Shutdown", names("AdvancedFeatures_GracefulShutdown"), names("advancedFeatures_gracefulShutdown")},

	{"Best Practices", nil, nil},
	{"1. Message Protocol", names("BestPractices_MessageProtocol"), names("bestPractices_messageProtocol")},
	{"2. Error Handling", names("BestPractices_ErrorHandling"), names("bestPractices_errorHandling")},
	{"3. Authentication", names("BestPractices_Authentication"), names("bestPractices_authentication")},
	{"4. Room Naming", names("BestPractices_RoomNaming"), names("bestPractices_roomNaming")},
	{"5. Connection Management", names("BestPractices_ConnectionManagement", "BestPractices_ConnectionManagement_Browser"), names("bestPractices_connectionManagement")},
	{"6. Rate Limiting", names("BestPractices_RateLimiting"), names("bestPractices_rateLimiting")},
	{"7. Logging", names("BestPractices_Logging"), names("bestPractices_logging")},

	{"Troubleshooting", names("Troubleshooting"), nil},
	{"Connection Refused", names("Troubleshooting_ConnectionRefused"), nil},
	{"Authentication Failed", names("Troubleshooting_AuthenticationFailed"), names("troubleshooting_authenticationFailed")},
	{"Messages Not Received Across Workers", names("Troubleshooting_MessagesNotReceivedAcrossWorkers"), names("troubleshooting_messagesNotReceivedAcrossWorkers")},
	{"Room Messages Not Delivered", names("Troubleshooting_RoomMessagesNotDelivered"), names("troubleshooting_roomMessagesNotDelivered")},
	{"Memory Leaks", names("Troubleshooting_MemoryLeaks"), names("troubleshooting_memoryLeaks")},
	{"High Latency", names("Troubleshooting_HighLatency"), names("troubleshooting_highLatency")},
	{"Connection Drops", names("Troubleshooting_ConnectionDrops"), names("troubleshooting_connectionDrops")},
}

func TestGuide_EveryHeadingHasATest(t *testing.T) {
	functions, _ := parseTests(t)
	listed := map[string]bool{t.Name(): true, "TestGuide_EverySampleHasAnExample": true}
	for _, s := range contents {
		for _, test := range s.tests {
			name := "TestGuide_" + test
			assert.NotNil(t, functions[name], "%q has no test %s", s.heading, name)
			assert.True(t, functions.assert(name, map[string]bool{}), "%s makes sure of nothing", name)
			assert.False(t, listed[name], "%s is the test of two headings", name)
			listed[name] = true
		}
	}
	for name := range functions {
		assert.True(t, listed[name] || !strings.HasPrefix(name, "TestGuide_"), "%s is the test of no heading", name)
	}
}

func TestGuide_EverySampleHasAnExample(t *testing.T) {
	_, examples := parseTests(t)
	listed := map[string]bool{}
	for _, s := range contents {
		for _, name := range s.examples {
			assert.NotNil(t, examples["_"+name], "a sample of %q has no Example_%s", s.heading, name)
			assert.False(t, listed[name], "Example_%s is there for two samples", name)
			listed[name] = true
		}
	}
	for name, example := range examples {
		assert.NotEmpty(t, example.Output, "Example%s has no output that could be checked", name)
	}
}

// functions are the functions of the package's tests, by name; methods, too.
type functions map[string]*ast.FuncDecl

// parseTests reads the package's test files.
func parseTests(t *testing.T) (functions, map[string]*doc.Example) {
	t.Helper()
	paths, err := filepath.Glob("*_test.go")
	require.NoError(t, err)
	all, files, set := functions{}, []*ast.File(nil), token.NewFileSet()
	for _, path := range paths {
		file, err := parser.ParseFile(set, path, nil, parser.ParseComments)
		require.NoError(t, err)
		files = append(files, file)
		for _, declaration := range file.Decls {
			if f, ok := declaration.(*ast.FuncDecl); ok {
				all[f.Name.Name] = f
			}
		}
	}
	examples := map[string]*doc.Example{}
	for _, e := range doc.Examples(files...) {
		examples[e.Name] = e
	}
	return all, examples
}

// assert reports whether the function calls testify, or another one that does.
func (all functions) assert(name string, seen map[string]bool) (found bool) {
	f := all[name]
	if f == nil || seen[name] {
		return false
	}
	seen[name] = true
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.SelectorExpr:
			pkg, _ := n.X.(*ast.Ident)
			found = found || pkg != nil && (pkg.Name == "require" || pkg.Name == "assert") || all.assert(n.Sel.Name, seen)
		case *ast.Ident:
			found = found || all.assert(n.Name, seen)
		}
		return !found
	})
	return found
}
