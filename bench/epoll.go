package bench

import (
	"fmt"
	"unsafe"

	"golang.org/x/sys/unix"
)

// poller is an epoll instance with an eventfd by which other goroutines wake it.
// wake may be called from any goroutine until close; everything else belongs to
// the goroutine that waits.
type poller struct {
	epoll  int
	waker  int
	events [512]unix.EpollEvent
}

// wakeToken is the token with which wait reports a wake.
const wakeToken = -1

func newPoller() (*poller, error) {
	epoll, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("epoll_create1: %w", err)
	}
	waker, err := unix.Eventfd(0, unix.EFD_NONBLOCK|unix.EFD_CLOEXEC)
	if err != nil {
		_ = unix.Close(epoll)
		return nil, fmt.Errorf("eventfd: %w", err)
	}
	p := &poller{epoll: epoll, waker: waker}
	if err := p.add(waker, wakeToken, unix.EPOLLIN); err != nil {
		p.close()
		return nil, err
	}
	return p, nil
}

// add watches fd, level-triggered, and reports it by token.
func (p *poller) add(fd int, token int32, events uint32) error {
	return p.control(unix.EPOLL_CTL_ADD, fd, token, events)
}

// change replaces the events that are watched for.
func (p *poller) change(fd int, token int32, events uint32) error {
	return p.control(unix.EPOLL_CTL_MOD, fd, token, events)
}

func (p *poller) control(op, fd int, token int32, events uint32) error {
	if err := unix.EpollCtl(p.epoll, op, fd, &unix.EpollEvent{Events: events, Fd: token}); err != nil {
		return fmt.Errorf("epoll_ctl: %w", err)
	}
	return nil
}

// wait returns what is ready, the tokens in Fd, after at most timeout
// milliseconds. The slice lives until the next call.
func (p *poller) wait(timeout int) ([]unix.EpollEvent, error) {
	n, err := unix.EpollWait(p.epoll, p.events[:], timeout)
	if err == unix.EINTR {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("epoll_wait: %w", err)
	}
	return p.events[:n], nil
}

// wake makes the current or next wait return with wakeToken.
func (p *poller) wake() {
	one := [8]byte{1}
	_, _ = unix.Write(p.waker, one[:])
}

// woken takes back a wake that wait has reported.
func (p *poller) woken() {
	var count [8]byte
	_, _ = unix.Read(p.waker, count[:])
}

func (p *poller) close() {
	_ = unix.Close(p.waker)
	_ = unix.Close(p.epoll)
}

// rawRead and rawWrite skip the scheduler's notice of a system call: these
// descriptors do not block. b must not be empty.
func rawRead(fd int, b []byte) (int, unix.Errno) {
	return rawCall(unix.SYS_READ, fd, b)
}

func rawWrite(fd int, b []byte) (int, unix.Errno) {
	return rawCall(unix.SYS_WRITE, fd, b)
}

func rawCall(trap uintptr, fd int, b []byte) (int, unix.Errno) {
	n, _, errno := unix.RawSyscall(trap, uintptr(fd), uintptr(unsafe.Pointer(&b[0])), uintptr(len(b)))
	if errno != 0 {
		return 0, errno
	}
	return int(n), 0
}
