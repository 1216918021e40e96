package setting

import (
	"fmt"
	"net"
)

// CheckAddress returns a sentence that names a setting whose value cannot be a TCP
// address, HOST:PORT: without a host it is every address of this machine, and the port
// is a number or the name of a service. Nothing is asked for the host.
func CheckAddress(name, address string) error {
	_, port, err := net.SplitHostPort(address)
	switch {
	case err != nil:
		return fmt.Errorf("%s is %q: it is HOST:PORT, with an IPv6 address in brackets, or :PORT for all addresses of this machine", name, address)
	case port == "":
		return fmt.Errorf("%s is %q: there is no port behind the colon", name, address)
	}
	if _, err := net.LookupPort("tcp", port); err != nil {
		return fmt.Errorf("%s is %q: a port is 0 to 65535, or the name of a service", name, address)
	}
	return nil
}
