package lint

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer/json"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
)

// decode reads a manifest as the API server does, and refuses what it would ignore.
func decode(t *testing.T, manifest []byte) runtime.Object {
	t.Helper()
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{
		appsv1.AddToScheme, corev1.AddToScheme, policyv1.AddToScheme, autoscalingv2.AddToScheme,
	} {
		require.NoError(t, add(scheme))
	}
	decoder := json.NewSerializerWithOptions(json.DefaultMetaFactory, scheme, scheme, json.SerializerOptions{Yaml: true, Strict: true})
	object, _, err := decoder.Decode(manifest, nil, nil)
	require.NoError(t, err, "%s", manifest)
	return object
}

// cluster is what kubectl apply -k makes.
type cluster struct {
	deployment *appsv1.Deployment
	budget     *policyv1.PodDisruptionBudget
	settings   *corev1.ConfigMap
	services   map[string]*corev1.Service
}

func apply(t *testing.T) *cluster {
	t.Helper()
	made, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), "../kubernetes")
	require.NoError(t, err)
	c := &cluster{services: map[string]*corev1.Service{}}
	for _, one := range made.Resources() {
		manifest, err := one.AsYAML()
		require.NoError(t, err)
		switch object := decode(t, manifest).(type) {
		case *appsv1.Deployment:
			c.deployment = object
		case *policyv1.PodDisruptionBudget:
			c.budget = object
		case *corev1.ConfigMap:
			c.settings = object
		case *corev1.Service:
			c.services[object.Name] = object
		default:
			t.Errorf("unexpected %T", object)
		}
	}
	require.NotNil(t, c.deployment)
	require.NotNil(t, c.budget)
	require.NotNil(t, c.settings)
	require.Len(t, c.services, 2)
	return c
}

// container returns the container of a node.
func (c *cluster) container(t *testing.T) *corev1.Container {
	t.Helper()
	require.Len(t, c.deployment.Spec.Template.Spec.Containers, 1)
	return &c.deployment.Spec.Template.Spec.Containers[0]
}

func TestKubernetes_Settings(t *testing.T) {
	c := apply(t)
	known(t, c.settings.Data)
	container := c.container(t)
	require.Len(t, container.EnvFrom, 1)
	assert.Equal(t, c.settings.Name, container.EnvFrom[0].ConfigMapRef.Name, "with its hash")
	for _, variable := range container.Env {
		known(t, map[string]string{variable.Name: variable.Value})
	}
	pod := c.deployment.Spec.Template.Spec
	require.NotNil(t, pod.EnableServiceLinks)
	assert.False(t, *pod.EnableServiceLinks, "or the Service gannet would be among the settings")

	mounts := container.VolumeMounts
	require.Len(t, mounts, 1)
	assert.True(t, strings.HasPrefix(c.settings.Data["GANNET_API_KEY_FILE"], mounts[0].MountPath+"/"))
}

func TestKubernetes_DrainIsNotCutOff(t *testing.T) {
	c := apply(t)
	pod, container := c.deployment.Spec.Template.Spec, c.container(t)
	drainFits(t, c.settings.Data)
	assert.Zero(t, duration(t, c.settings.Data, "GANNET_DRAIN_DELAY"), "preStop is the delay")
	require.NotNil(t, container.Lifecycle.PreStop.Sleep)
	wait := time.Duration(container.Lifecycle.PreStop.Sleep.Seconds) * time.Second
	grace := time.Duration(*pod.TerminationGracePeriodSeconds) * time.Second
	assert.GreaterOrEqual(t, grace, wait+stopTime(t, c.settings.Data))

	probe := container.ReadinessProbe
	assert.GreaterOrEqual(t, wait, time.Duration(probe.PeriodSeconds*probe.FailureThreshold)*time.Second)
	assert.Zero(t, c.deployment.Spec.Strategy.RollingUpdate.MaxUnavailable.IntValue(), "a new node is there first")
	assert.Positive(t, c.deployment.Spec.MinReadySeconds)
	require.Nil(t, c.budget.Spec.MinAvailable)
	assert.Equal(t, 1, c.budget.Spec.MaxUnavailable.IntValue())
	assert.Greater(t, int(*c.deployment.Spec.Replicas), 1)
}

func TestKubernetes_Probes(t *testing.T) {
	c := apply(t)
	container := c.container(t)
	for name, probe := range map[string]*corev1.Probe{
		"/health": container.LivenessProbe, "/health ": container.StartupProbe, "/ready": container.ReadinessProbe,
	} {
		require.NotNil(t, probe, name)
		assert.Equal(t, strings.TrimSpace(name), probe.HTTPGet.Path)
		assert.Equal(t, "admin", probe.HTTPGet.Port.StrVal)
	}
	ports := map[string]int32{}
	for _, port := range container.Ports {
		ports[port.Name] = port.ContainerPort
	}
	assert.Equal(t, map[string]int32{"websocket": 3000, "admin": 3001}, ports)
	assert.Equal(t, ":3001", c.settings.Data["GANNET_ADMIN_ADDR"])
	assert.Equal(t, ":3000", settings(t)["GANNET_ADDR"])
	for name, service := range c.services {
		for _, port := range service.Spec.Ports {
			assert.Contains(t, ports, port.TargetPort.StrVal, name)
		}
	}
	assert.Equal(t, "websocket", c.services["gannet"].Spec.Ports[0].TargetPort.StrVal, "what may be opened to the world")
}

func TestKubernetes_Selectors(t *testing.T) {
	c := apply(t)
	pods := labels.Set(c.deployment.Spec.Template.Labels)
	selectors := map[string]*metav1.LabelSelector{
		"the deployment":  c.deployment.Spec.Selector,
		"the budget":      c.budget.Spec.Selector,
		"the constraints": c.deployment.Spec.Template.Spec.TopologySpreadConstraints[0].LabelSelector,
	}
	for name, service := range c.services {
		selectors["the service "+name] = &metav1.LabelSelector{MatchLabels: service.Spec.Selector}
	}
	for name, written := range selectors {
		selector, err := metav1.LabelSelectorAsSelector(written)
		require.NoError(t, err, name)
		assert.False(t, selector.Empty(), name)
		assert.True(t, selector.Matches(pods), name)
	}
}

// The profile "restricted" of the Pod Security Standards, and a file system that is not
// written to.
func TestKubernetes_FewRights(t *testing.T) {
	c := apply(t)
	pod, container := c.deployment.Spec.Template.Spec, c.container(t)
	assert.True(t, *pod.SecurityContext.RunAsNonRoot)
	assert.Equal(t, int64(65532), *pod.SecurityContext.RunAsUser, "the image's")
	assert.Equal(t, corev1.SeccompProfileTypeRuntimeDefault, pod.SecurityContext.SeccompProfile.Type)
	assert.False(t, *container.SecurityContext.AllowPrivilegeEscalation)
	assert.True(t, *container.SecurityContext.ReadOnlyRootFilesystem)
	assert.Equal(t, []corev1.Capability{"ALL"}, container.SecurityContext.Capabilities.Drop)
	assert.False(t, *pod.AutomountServiceAccountToken)
	assert.False(t, pod.HostNetwork || pod.HostPID || pod.HostIPC)
}

func TestKubernetes_Memory(t *testing.T) {
	c := apply(t)
	resources := c.container(t).Resources
	limit := resources.Limits.Memory()
	assert.True(t, limit.Equal(*resources.Requests.Memory()), "what is counted upon is there")
	assert.NotContains(t, resources.Limits, corev1.ResourceCPU, "a quota stops all loops at once")
	connections := resource.MustParse(c.settings.Data["GANNET_MAX_CONNECTIONS"])
	goal, ok := strings.CutSuffix(c.settings.Data["GANNET_MEMORY_LIMIT"], "B")
	require.True(t, ok)
	collector := resource.MustParse(goal)
	assert.GreaterOrEqual(t, limit.Value()-collector.Value(), connections.Value()*(3700+4096), "the kernel's sockets, and a page in each")
}

func TestKubernetes_Autoscaler(t *testing.T) {
	manifest, err := os.ReadFile("../kubernetes/horizontalpodautoscaler.yaml")
	require.NoError(t, err)
	scaler, ok := decode(t, manifest).(*autoscalingv2.HorizontalPodAutoscaler)
	require.True(t, ok)
	c := apply(t)
	assert.Equal(t, c.deployment.Name, scaler.Spec.ScaleTargetRef.Name)
	assert.Equal(t, "Deployment", scaler.Spec.ScaleTargetRef.Kind)
	require.Len(t, scaler.Spec.Metrics, 1)
	metric := scaler.Spec.Metrics[0].Pods
	assert.Contains(t, metrics(t), metric.Metric.Name)
	most := resource.MustParse(c.settings.Data["GANNET_MAX_CONNECTIONS"])
	assert.Equal(t, most.Value()*7/10, metric.Target.AverageValue.Value(), "70 percent")
}
