package redistest

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// Sentinels are a primary, a replica of it, and three Sentinels that watch them
// under the name "main" and are quick to replace the primary.
type Sentinels struct {
	Primary   *Server // at the beginning
	Replica   *Server
	Sentinels []*Server
}

// StartSentinels runs them, and returns when the Sentinels know each other and
// the replica.
func StartSentinels(t testing.TB) *Sentinels {
	t.Helper()
	s := &Sentinels{Primary: Start(t, "--repl-diskless-sync-delay", "0")}
	host, port, _ := net.SplitHostPort(s.Primary.Addr)
	s.Replica = Start(t, "--replicaof", host+" "+port, "--repl-diskless-sync-delay", "0")
	s.Replica.Until("master_link_status:up", "INFO", "replication")
	for range 3 {
		s.Sentinels = append(s.Sentinels, startSentinel(t, host, port))
	}
	for _, one := range s.Sentinels {
		one.Do("SENTINEL", "DEBUG", "PUBLISH-PERIOD", "500", "INFO-PERIOD", "500") // how soon it knows who is what
		one.Until("num-slaves\n1\nnum-other-sentinels\n2", "SENTINEL", "MASTER", "main")
	}
	return s
}

func startSentinel(t testing.TB, host, port string) *Server {
	t.Helper()
	own := freePort(t)
	s := &Server{t: t, Addr: net.JoinHostPort("127.0.0.1", strconv.Itoa(own)), dir: t.TempDir()}
	file := filepath.Join(s.dir, "sentinel.conf")
	settings := fmt.Sprintf(`port %d
bind 127.0.0.1
dir %s
logfile redis.log
sentinel monitor main %s %s 2
sentinel down-after-milliseconds main 1000
sentinel failover-timeout main 2000
`, own, s.dir, host, port)
	if err := os.WriteFile(file, []byte(settings), 0o600); err != nil {
		t.Fatal(err)
	}
	s.command = []string{find(t), file, "--sentinel"}
	t.Cleanup(s.end) // even if it does not answer
	s.launch()
	return s
}

// Roles returns which server is the primary, and which its replica, as soon as they
// agree. On a slow machine Sentinels change their mind.
func (s *Sentinels) Roles() (primary, replica *Server) {
	s.Primary.t.Helper()
	primary, replica = s.Primary, s.Replica
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if replica.is("role:master") {
			primary, replica = replica, primary
		}
		if primary.is("role:master") && replica.is("master_link_status:up") {
			return primary, replica
		}
	}
	s.Primary.t.Fatal("the servers do not find their roles")
	return nil, nil
}

// is reports whether the server says something of its part in the replication.
func (s *Server) is(what string) bool {
	said, _ := s.Try("INFO", "replication")
	return strings.Contains(said, what)
}

// URLs returns the addresses of the Sentinels as redis-sentinel://host:port/main.
func (s *Sentinels) URLs() (urls []string) {
	for _, one := range s.Sentinels {
		urls = append(urls, "redis-sentinel://"+one.Addr+"/main")
	}
	return urls
}
