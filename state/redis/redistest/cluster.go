package redistest

import (
	"fmt"
	"net"
	"net/url"
	"strings"
	"testing"
	"time"
)

const clusterSlots = 16384

// StartCluster runs a Cluster of three masters until the test ends and returns a
// client's URL and the servers.
func StartCluster(t testing.TB) (string, []*Server) {
	t.Helper()
	const n = 3
	servers := make([]*Server, n)
	for i := range servers {
		// The bus would otherwise be on the port plus 10000.
		servers[i] = Start(t, "--cluster-enabled", "yes", "--cluster-port", fmt.Sprint(FreePort(t)), "--cluster-node-timeout", "2000")
		servers[i].Do("CLUSTER", "ADDSLOTSRANGE", clusterSlots*i/n, clusterSlots*(i+1)/n-1)
	}
	var addrs []string
	for _, s := range servers {
		addrs = append(addrs, s.Addr)
		for _, other := range servers {
			host, port, _ := net.SplitHostPort(other.Addr)
			bus := other.Do("CONFIG", "GET", "cluster-port").([]any)[1]
			if other != s {
				s.Do("CLUSTER", "MEET", host, port, bus)
			}
		}
	}
	for range 400 {
		up := 0
		for _, s := range servers {
			info := s.Do("CLUSTER", "INFO").(string)
			if strings.Contains(info, "cluster_state:ok") && strings.Contains(info, fmt.Sprint("cluster_known_nodes:", n)) {
				up++
			}
		}
		if up == n {
			return "redis://" + addrs[0] + "?" + url.Values{"addr": addrs[1:]}.Encode(), servers
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatal("the Cluster does not come up")
	return "", nil
}
