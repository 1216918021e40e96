package poll

import (
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// Handle names a descriptor that a loop watches. It is good until Close.
type Handle uint32

// Events say what a descriptor is watched for, or ready for.
type Events uint32

// What there is to watch for. An end of stream and an error make a descriptor
// ready for Input: reading tells which it is.
const (
	Input  Events = unix.EPOLLIN
	Output Events = unix.EPOLLOUT

	ended = unix.EPOLLHUP | unix.EPOLLERR
)

// Owner does the work of a loop, on the loop's goroutine.
type Owner interface {
	// Ready is called with what a descriptor is, as Add or Become has it.
	Ready(is any, events Events)
	// Turn is called after Wake, before what has become ready since, and after
	// Again, when all that is ready has had its call. Between two turns the
	// descriptors have theirs: work that takes long is done in turns. Where the
	// descriptors' calls take long, a turn that is due comes between them.
	Turn()
}

// Loop watches descriptors, level-triggered. Its methods belong to the goroutine
// of Run, or to any one before that, but for Wake and Stop.
type Loop struct {
	epoll   int
	watched []watched
	unused  []Handle
	ready   [256]unix.EpollEvent // of one look; as many calls as may come between two turns
	again   bool
	waited  time.Duration // for sockets, while timed

	timed   atomic.Bool // whether that is measured
	woken   atomic.Bool // since the last turn
	stopped atomic.Bool

	mu     sync.Mutex // held while waker is used: after Run its number is another's
	waker  int        // an eventfd
	closed bool
}

// watched is a descriptor. The generation tells whether an event is meant for it,
// or for one that had its handle before.
type watched struct {
	fd         int32 // -1: the handle is unused
	generation int32
	is         any
}

// wakeHandle is the waker's in events.
const wakeHandle = -1

// New returns a loop that watches nothing. Run frees what it holds, or Discard.
func New() (*Loop, error) {
	epoll, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("making an event loop: %w", err)
	}
	waker, err := unix.Eventfd(0, unix.EFD_NONBLOCK|unix.EFD_CLOEXEC)
	if err != nil {
		_ = unix.Close(epoll)
		return nil, fmt.Errorf("making an event loop: %w", err)
	}
	l := &Loop{epoll: epoll, waker: waker}
	// Edge-triggered: each write is an event, and the count need not be read.
	event := unix.EpollEvent{Events: unix.EPOLLIN | unix.EPOLLET, Fd: wakeHandle}
	if err := unix.EpollCtl(epoll, unix.EPOLL_CTL_ADD, waker, &event); err != nil {
		l.Discard()
		return nil, fmt.Errorf("making an event loop: %w", err)
	}
	return l, nil
}

// Add watches a descriptor for input and takes it over: Close closes it. With an
// error it remains the caller's.
func (l *Loop) Add(fd int, is any) (Handle, error) {
	h := l.unusedHandle()
	w := &l.watched[h]
	event := unix.EpollEvent{Events: uint32(Input), Fd: int32(h), Pad: w.generation}
	if err := unix.EpollCtl(l.epoll, unix.EPOLL_CTL_ADD, fd, &event); err != nil {
		l.unused = append(l.unused, h)
		return 0, fmt.Errorf("watching a descriptor: %w", err)
	}
	w.fd, w.is = int32(fd), is
	return h, nil
}

func (l *Loop) unusedHandle() Handle {
	if n := len(l.unused); n > 0 {
		h := l.unused[n-1]
		l.unused = l.unused[:n-1]
		return h
	}
	l.watched = append(l.watched, watched{fd: -1})
	return Handle(len(l.watched) - 1)
}

// Become says what the descriptor is from now on.
func (l *Loop) Become(h Handle, is any) { l.watched[h].is = is }

// Watch says what the descriptor is watched for from now on; nothing, if events
// is 0, but for its end.
func (l *Loop) Watch(h Handle, events Events) error {
	w := &l.watched[h]
	event := unix.EpollEvent{Events: uint32(events), Fd: int32(h), Pad: w.generation}
	if err := unix.EpollCtl(l.epoll, unix.EPOLL_CTL_MOD, int(w.fd), &event); err != nil {
		return fmt.Errorf("watching a descriptor: %w", err)
	}
	return nil
}

// Close closes the descriptor, of which nothing more is heard.
func (l *Loop) Close(h Handle) {
	_ = unix.Close(int(l.watched[h].fd))
	l.unwatch(h)
}

// Replace closes the descriptor, of which nothing more is heard, and moves another one,
// which is not watched, to its number, so that nobody else can get that between. It
// returns the number: the other's own where it could not be moved.
func (l *Loop) Replace(h Handle, by int) (fd int) {
	defer l.unwatch(h)
	fd = int(l.watched[h].fd)
	if unix.Dup3(by, fd, unix.O_CLOEXEC) != nil {
		_ = unix.Close(fd)
		return by
	}
	_ = unix.Close(by)
	return fd
}

func (l *Loop) unwatch(h Handle) {
	w := &l.watched[h]
	*w = watched{fd: -1, generation: w.generation + 1}
	l.unused = append(l.unused, h)
}

// Each calls f for all that is watched. f may close it.
func (l *Loop) Each(f func(h Handle, is any)) {
	for h := range l.watched {
		if l.watched[h].fd >= 0 {
			f(Handle(h), l.watched[h].is)
		}
	}
}

// Again has another turn come, once all descriptors that are ready then have had
// their call.
func (l *Loop) Again() { l.again = true }

// Wake has a turn come soon. Any goroutine may call it, also after Run.
func (l *Loop) Wake() {
	if !l.woken.CompareAndSwap(false, true) {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.closed {
		addOne(l.waker)
	}
}

// Stop makes Run return soon. Any goroutine may call it, also before Run.
func (l *Loop) Stop() {
	l.stopped.Store(true)
	l.Wake()
}

// Run calls the owner until Stop, or until the kernel fails it, then ends the loop.
// Descriptors that are still watched are closed; an owner that has to know of them
// looks at Each in its last turn, before which Stopped reports true.
func (l *Loop) Run(owner Owner) error {
	defer l.Discard()
	for {
		n, err := l.wait()
		if err != nil {
			l.stopped.Store(true)
			owner.Turn()
			return fmt.Errorf("waiting for sockets: %w", err)
		}
		// What was posted before a peer sent something comes before that.
		woken := l.woken.Load()
		if woken && l.turn(owner) {
			return nil
		}
		turned, last := l.callAll(owner, n)
		if last {
			return nil
		}
		if !woken && !turned && l.again && l.turn(owner) {
			return nil
		}
	}
}

// After every clockStep calls of a look, a turn that is due comes if the look, or the
// last turn in it, began maxLook ago.
const (
	clockStep = 4
	maxLook   = 2 * time.Millisecond
)

// callAll calls for the first n of what is ready. It reports whether turns came
// between the calls, and whether one of them was the last.
func (l *Loop) callAll(owner Owner, n int) (turned, last bool) {
	var began time.Time
	if n >= clockStep {
		began = time.Now()
	}
	for i := range l.ready[:n] {
		l.call(owner, &l.ready[i])
		if (i+1)%clockStep != 0 || !l.due() || time.Since(began) < maxLook {
			continue
		}
		if l.turn(owner) {
			return true, true
		}
		turned, began = true, time.Now()
	}
	return turned, false
}

// due reports whether a turn has been asked for.
func (l *Loop) due() bool { return l.again || l.woken.Load() }

// turn has the owner take a turn, and reports whether it was the last.
func (l *Loop) turn(owner Owner) (last bool) {
	// Cleared before the turn, so that work posted meanwhile gets another one.
	l.again = false
	l.woken.Store(false)
	last = l.Stopped()
	owner.Turn()
	return last
}

// Stopped reports whether Stop has been called. Any goroutine may call it.
func (l *Loop) Stopped() bool { return l.stopped.Load() }

// wait looks for what is ready, or waits for it if no turn is due. Before it does,
// it lets goroutines run that the last calls have given work to: they would have to
// wait until the scheduler finds that this one hangs in a system call.
func (l *Loop) wait() (int, error) {
	if l.due() {
		return l.look(0)
	}
	if !l.timed.Load() {
		runtime.Gosched()
		return l.look(-1)
	}
	began := time.Now()
	runtime.Gosched()
	n, err := l.look(-1)
	l.waited += time.Since(began)
	return n, err
}

// look asks the kernel what is ready, and waits so many milliseconds for it; -1 is
// for ever.
func (l *Loop) look(timeout int) (int, error) {
	n, err := unix.EpollWait(l.epoll, l.ready[:], timeout)
	if err == unix.EINTR {
		return 0, nil
	}
	return n, err
}

func (l *Loop) call(owner Owner, event *unix.EpollEvent) {
	if event.Fd == wakeHandle {
		return
	}
	w := &l.watched[event.Fd]
	if w.fd < 0 || w.generation != event.Pad {
		return
	}
	events := Events(event.Events)
	if events&ended != 0 {
		events |= Input
	}
	owner.Ready(w.is, events)
}

// Discard closes all that the loop holds. Run does so itself.
func (l *Loop) Discard() {
	l.Each(func(h Handle, _ any) { l.Close(h) })
	_ = unix.Close(l.epoll)
	l.mu.Lock()
	defer l.mu.Unlock()
	_ = unix.Close(l.waker)
	l.closed = true
}
