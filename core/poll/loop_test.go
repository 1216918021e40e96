package poll_test

import (
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"golang.org/x/sys/unix"

	"github.com/gannet-ws/gannet/core/poll"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience bounds every wait of the tests; only a failing test uses it up.
const patience = 15 * time.Second

// call is what an owner was called for: a name and events, or a turn.
type call struct {
	is     any
	events poll.Events
}

var turn = call{is: "turn"}

// owner hands its calls to the test, and does what that says before it returns.
type owner struct {
	calls chan call
	then  chan func()
}

func (o *owner) Ready(is any, events poll.Events) { o.calls <- call{is, events}; (<-o.then)() }
func (o *owner) Turn()                            { o.calls <- turn; (<-o.then)() }

// next waits for the next call, has the loop do something in it, and returns it.
func (o *owner) next(t *testing.T, do func()) call {
	t.Helper()
	select {
	case c := <-o.calls:
		done := make(chan struct{})
		o.then <- func() { defer close(done); do() }
		<-done
		return c
	case <-time.After(patience):
		require.FailNow(t, "the loop calls nobody")
		return call{}
	}
}

func nothing() {}

// running runs a loop for the test, once it has been prepared.
func running(t *testing.T, prepare func(*poll.Loop)) (*poll.Loop, *owner) {
	l, err := poll.New()
	require.NoError(t, err)
	prepare(l)
	o := &owner{calls: make(chan call), then: make(chan func())}
	ended := make(chan error, 1)
	go func() { ended <- l.Run(o) }()
	t.Cleanup(func() {
		l.Stop()
		for {
			select {
			case <-o.calls:
				o.then <- nothing
			case err := <-ended:
				require.NoError(t, err)
				return
			}
		}
	})
	return l, o
}

// pair returns two ends of a connection; the test closes the far one.
func pair(t *testing.T) (near, far int) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	require.NoError(t, err)
	t.Cleanup(func() { _ = unix.Close(fds[1]) })
	return fds[0], fds[1]
}

func send(t *testing.T, fd int, text string) {
	n, err := poll.Write(fd, []byte(text))
	require.NoError(t, err)
	require.Equal(t, len(text), n)
}

// receive reads what has come, which is no more than a few bytes.
func receive(fd int) (string, error) {
	buffer := make([]byte, 64)
	n, err := poll.Read(fd, buffer)
	return string(buffer[:n]), err
}

func TestLoop_CallsForWhatIsReady(t *testing.T) {
	near, far := pair(t)
	var h poll.Handle
	l, o := running(t, func(l *poll.Loop) {
		var err error
		h, err = l.Add(near, "first")
		require.NoError(t, err)
	})
	send(t, far, "a")
	require.Equal(t, call{"first", poll.Input}, o.next(t, nothing))
	require.Equal(t, call{"first", poll.Input}, o.next(t, func() { // level-triggered
		got, err := receive(near)
		assert.NoError(t, err)
		assert.Equal(t, "a", got)
		l.Become(h, "second")
		assert.NoError(t, l.Watch(h, poll.Input|poll.Output))
	}))
	require.Equal(t, call{"second", poll.Output}, o.next(t, func() { assert.NoError(t, l.Watch(h, poll.Input)) }))
	require.NoError(t, unix.Close(far))
	end := o.next(t, func() {
		got, err := receive(near)
		assert.NoError(t, err)
		assert.Empty(t, got, "the end of the stream")
		l.Close(h)
	})
	require.Equal(t, "second", end.is)
	require.NotZero(t, end.events&poll.Input, "it is found by reading")
}

// What has been closed is not called any more, not even for an event that was
// on its way to it when its handle went to another.
func TestLoop_ClosedIsNotCalled(t *testing.T) {
	first, far := pair(t)
	second, other := pair(t)
	third, _ := pair(t)
	handles := map[any]poll.Handle{}
	l, o := running(t, func(l *poll.Loop) {
		for name, fd := range map[string]int{"first": first, "second": second} {
			h, err := l.Add(fd, name)
			require.NoError(t, err)
			handles[name] = h
		}
		send(t, far, "a")
		send(t, other, "b")
	})
	one := o.next(t, func() {
		l.Close(handles["first"])
		l.Close(handles["second"])
		h, err := l.Add(third, "third")
		assert.NoError(t, err)
		handles["third"] = h
		l.Again()
	})
	require.Contains(t, []any{"first", "second"}, one.is)
	require.Contains(t, []poll.Handle{handles["first"], handles["second"]}, handles["third"], "handles are used again")
	require.Equal(t, turn, o.next(t, nothing), "both were ready, and only one was called")
}

// Turns come after all that is ready has been called, so that a loop that always
// has more to do serves its sockets all the same.
func TestLoop_TurnsAlternateWithSockets(t *testing.T) {
	near, far := pair(t)
	l, o := running(t, func(l *poll.Loop) {
		_, err := l.Add(near, "socket")
		require.NoError(t, err)
		send(t, far, "a")
		l.Again()
	})
	for range 5 {
		require.Equal(t, call{"socket", poll.Input}, o.next(t, nothing))
		require.Equal(t, turn, o.next(t, l.Again))
	}
	require.Equal(t, call{"socket", poll.Input}, o.next(t, func() { _, _ = receive(near) }))
	require.Equal(t, turn, o.next(t, nothing))
	select {
	case c := <-o.calls:
		require.FailNow(t, "there is nothing to call for", "%v", c)
	case <-time.After(20 * time.Millisecond):
	}
}

// Where the calls of sockets take long, a turn that is due does not wait for all of
// them, whether another goroutine has asked for it or the loop itself.
func TestLoop_TurnsComeBetweenLongCalls(t *testing.T) {
	const sockets = 64
	for name, ask := range map[string]func(*poll.Loop){"woken": (*poll.Loop).Wake, "again": (*poll.Loop).Again} {
		t.Run(name, func(t *testing.T) {
			l, o := running(t, func(l *poll.Loop) {
				for range sockets {
					near, far := pair(t)
					_, err := l.Add(near, near)
					require.NoError(t, err)
					send(t, far, "a")
				}
			})
			long := func() { time.Sleep(time.Millisecond) }
			o.next(t, func() { ask(l); long() })
			called := 1
			for o.next(t, long) != turn {
				called++
			}
			require.Less(t, called, sockets, "a turn before all have been called")
			for range sockets - called {
				require.NotEqual(t, turn, o.next(t, long), "one turn is enough")
			}
		})
	}
}

// What was posted before a peer sent something is done before that is read.
func TestLoop_WokenBeforeReady(t *testing.T) {
	near, far := pair(t)
	l, o := running(t, func(l *poll.Loop) {
		_, err := l.Add(near, "socket")
		require.NoError(t, err)
		l.Again()
	})
	require.Equal(t, turn, o.next(t, func() {
		l.Wake()
		send(t, far, "a")
	}))
	require.Equal(t, turn, o.next(t, nothing))
	require.Equal(t, call{"socket", poll.Input}, o.next(t, func() { _, _ = receive(near) }))
}

// Each wake is followed by a turn that begins after it.
func TestLoop_WakesAreNotLost(t *testing.T) {
	l, o := running(t, func(*poll.Loop) {})
	var mu sync.Mutex
	posted, done := 0, 0
	var posting sync.WaitGroup
	const wakers, wakes = 4, 2000
	for range wakers {
		posting.Go(func() {
			for range wakes {
				mu.Lock()
				posted++
				mu.Unlock()
				l.Wake()
			}
		})
	}
	for done < wakers*wakes {
		require.Equal(t, turn, o.next(t, func() {
			mu.Lock()
			defer mu.Unlock()
			done = posted
		}))
	}
	posting.Wait()
}

func TestLoop_StopBeforeRun(t *testing.T) {
	l, err := poll.New()
	require.NoError(t, err)
	near, far := pair(t)
	_, err = l.Add(near, "socket")
	require.NoError(t, err)
	l.Stop()
	o := &owner{calls: make(chan call, 1), then: make(chan func(), 1)}
	o.then <- func() { assert.True(t, l.Stopped()) }
	require.NoError(t, l.Run(o))
	require.Equal(t, turn, <-o.calls, "the last turn")
	_, err = poll.Write(far, []byte("x"))
	require.ErrorIs(t, err, unix.EPIPE, "what was watched is closed")
}

// A loop that has ended has closed its descriptors: their numbers are others'.
func TestLoop_WakeAfterRun(t *testing.T) {
	l, err := poll.New()
	require.NoError(t, err)
	l.Discard()
	var fds []int
	for range 16 {
		near, far := pair(t)
		t.Cleanup(func() { _ = unix.Close(near) })
		fds = append(fds, near, far)
	}
	l.Wake()
	for _, fd := range fds {
		_, err := receive(fd)
		require.ErrorIs(t, err, unix.EAGAIN)
	}
}

func TestLoop_AddRefusesWhatCannotBeWatched(t *testing.T) {
	l, err := poll.New()
	require.NoError(t, err)
	defer l.Discard()
	_, err = l.Add(-1, "nothing")
	require.ErrorIs(t, err, unix.EBADF)
	near, _ := pair(t)
	h, err := l.Add(near, "socket")
	require.NoError(t, err)
	seen := 0
	l.Each(func(each poll.Handle, is any) {
		require.Equal(t, h, each)
		require.Equal(t, "socket", is)
		seen++
	})
	require.Equal(t, 1, seen)
}

// echo answers what a socket sends, and stops the loop after so many times.
type echo struct {
	loop   *poll.Loop
	buffer []byte
	times  int
}

func (e *echo) Ready(is any, _ poll.Events) {
	fd := *is.(*int)
	n, _ := poll.Read(fd, e.buffer)
	if n > 0 {
		_, _ = poll.Write(fd, e.buffer[:n])
	}
	if e.times--; e.times == 0 {
		e.loop.Stop()
	}
}

func (e *echo) Turn() {}

func TestAllocs_Loop(t *testing.T) {
	const times = 10_000
	l, err := poll.New()
	require.NoError(t, err)
	near, far := pair(t)
	require.NoError(t, unix.SetNonblock(far, false))
	_, err = l.Add(near, &near)
	require.NoError(t, err)
	e := &echo{loop: l, buffer: make([]byte, 64), times: times}
	message := make([]byte, 8)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	ended := make(chan error, 1)
	go func() { ended <- l.Run(e) }()
	for range times {
		_, _ = unix.Write(far, message)
		_, _ = unix.Read(far, message)
	}
	require.NoError(t, <-ended)
	runtime.ReadMemStats(&after)
	require.Less(t, after.Mallocs-before.Mallocs, uint64(times/100))
}

// A descriptor that takes another's number is watched anew: the other is closed, and
// nothing more is heard of it.
func TestLoop_Replace(t *testing.T) {
	first, firstFar := pair(t)
	second, secondFar := pair(t)
	var l *poll.Loop
	var handle poll.Handle
	l, o := running(t, func(l *poll.Loop) {
		var err error
		handle, err = l.Add(first, "first")
		require.NoError(t, err)
	})
	_, err := unix.Write(firstFar, []byte("x"))
	require.NoError(t, err)
	require.Equal(t, "first", o.next(t, func() {
		assert.Equal(t, first, l.Replace(handle, second))
		_, err := l.Add(first, "second")
		assert.NoError(t, err)
	}).is)
	n, err := unix.Read(firstFar, make([]byte, 1))
	require.True(t, n == 0 || err == unix.ECONNRESET, "the other end is closed: %v", err)
	_, err = unix.FcntlInt(uintptr(second), unix.F_GETFD, 0)
	require.Equal(t, unix.EBADF, err, "it has moved")
	flags, err := unix.FcntlInt(uintptr(first), unix.F_GETFD, 0)
	require.NoError(t, err)
	require.Equal(t, unix.FD_CLOEXEC, flags)
	_, err = unix.Write(secondFar, []byte("y"))
	require.NoError(t, err)
	for {
		switch is := o.next(t, nothing).is; is {
		case "turn":
			continue
		default:
			require.Equal(t, "second", is)
		}
		return
	}
}
