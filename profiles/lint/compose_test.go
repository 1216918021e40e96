package lint

import (
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/compose-spec/compose-go/v2/cli"
	"github.com/compose-spec/compose-go/v2/types"
	"github.com/docker/go-units"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// loadCompose reads compose.yaml as Compose does, with an environment.
func loadCompose(t *testing.T, environment ...string) (*types.Project, error) {
	t.Helper()
	options, err := cli.NewProjectOptions([]string{"../compose/compose.yaml"}, cli.WithEnv(environment))
	require.NoError(t, err)
	return options.LoadProject(t.Context())
}

func project(t *testing.T) *types.Project {
	t.Helper()
	p, err := loadCompose(t, "GANNET_API_KEY=key")
	require.NoError(t, err)
	return p
}

// environmentOf returns the variables of a service.
func environmentOf(service types.ServiceConfig) map[string]string {
	variables := map[string]string{}
	for name, value := range service.Environment {
		if value != nil {
			variables[name] = *value
		}
	}
	return variables
}

func TestCompose_NeedsAKey(t *testing.T) {
	_, err := loadCompose(t)
	require.ErrorContains(t, err, "GANNET_API_KEY")
}

func TestCompose_Nodes(t *testing.T) {
	p := project(t)
	node := p.Services["gannet"]
	environment := environmentOf(node)
	known(t, environment)
	assert.Equal(t, "key", environment["GANNET_API_KEY"])
	assert.Contains(t, environment["GANNET_REDIS_URL"], "redis://redis:")

	drainFits(t, environment)
	require.NotNil(t, node.StopGracePeriod)
	assert.GreaterOrEqual(t, time.Duration(*node.StopGracePeriod), stopTime(t, environment), "a drain is not cut off")
	require.NotNil(t, node.Deploy.Replicas)
	assert.Equal(t, 2, *node.Deploy.Replicas)

	most, err := strconv.Atoi(environment["GANNET_MAX_CONNECTIONS"])
	require.NoError(t, err)
	assert.Greater(t, node.Ulimits["nofile"].Single, most+1000)
	goal, err := units.RAMInBytes(environment["GANNET_MEMORY_LIMIT"])
	require.NoError(t, err)
	limit := int64(node.Deploy.Resources.Limits.MemoryBytes)
	assert.GreaterOrEqual(t, limit-goal, int64(most)*(3700+4096), "the kernel's sockets, and a page in each")

	dockerfile := filepath.Join(node.Build.Context, node.Build.Dockerfile)
	assert.FileExists(t, dockerfile)
	assert.FileExists(t, dockerfile+".dockerignore")
	assert.FileExists(t, filepath.Join(node.Build.Context, "go.mod"))
}

func TestCompose_AllServices(t *testing.T) {
	for name, service := range project(t).Services {
		assert.True(t, service.ReadOnly, name)
		assert.Equal(t, "unless-stopped", service.Restart, name)
		if service.Build == nil {
			assert.Regexp(t, `^[a-z]+:\d+\.\d+-alpine$`, service.Image, name)
		}
		for _, volume := range service.Volumes {
			assert.FileExists(t, volume.Source, name)
			assert.True(t, volume.ReadOnly, name)
		}
		for _, port := range service.Ports {
			assert.Equal(t, "balancer", name, "nobody else is reached from outside")
			if port.Target == 3001 {
				assert.Equal(t, "127.0.0.1", port.HostIP, "the API")
			}
		}
	}
}
