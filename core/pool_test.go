package core

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// poolPatience bounds every wait of these tests; only a failing one uses it up.
const poolPatience = 15 * time.Second

// steps are jobs that say when they begin and wait until they may end.
type steps struct {
	t     *testing.T
	began chan string
	end   chan struct{}
}

func newSteps(t *testing.T) *steps {
	return &steps{t, make(chan string, 1000), make(chan struct{}, 1000)}
}

func (s *steps) job(name string) job {
	return job{
		work: func() {
			s.began <- name
			<-s.end
		},
		tell: func() {},
	}
}

// next is the name of the job that begins next.
func (s *steps) next() string {
	s.t.Helper()
	select {
	case name := <-s.began:
		return name
	case <-time.After(poolPatience):
		s.t.Fatal("no job begins")
		return ""
	}
}

// finish lets n jobs end.
func (s *steps) finish(n int) {
	for range n {
		s.end <- struct{}{}
	}
}

// idle waits until the pool has no goroutine, and makes sure that it keeps nothing.
func idle[K comparable](t *testing.T, p *pool[K]) {
	t.Helper()
	require.Eventually(t, func() bool {
		p.mu.Lock()
		defer p.mu.Unlock()
		return p.running == 0
	}, poolPatience, time.Millisecond)
	require.Zero(t, p.load())
	require.Empty(t, p.queues, "keys without jobs are forgotten")
	require.Empty(t, p.ready)
}

// ended waits until the pool that has been stopped has no goroutine.
func ended(t *testing.T, over <-chan struct{}) {
	t.Helper()
	select {
	case <-over:
	case <-time.After(poolPatience):
		t.Fatal("the pool does not end")
	}
}

// Keys take turns: one with many jobs holds up another for one of them.
func TestPool_KeysTakeTurns(t *testing.T) {
	p, s := newPool[string](1, 100, 100), newSteps(t)
	var want []string
	for i := range 4 {
		require.True(t, p.submit("long", s.job(fmt.Sprint("long ", i))))
	}
	require.Equal(t, "long 0", s.next())
	for i := range 2 {
		for _, key := range []string{"a", "b"} {
			name := fmt.Sprint(key, " ", i)
			require.True(t, p.submit(key, s.job(name)))
			want = append(want, name)
		}
		want = append(want, fmt.Sprint("long ", i+1))
	}
	for _, name := range append(want, "long 3") {
		s.finish(1)
		require.Equal(t, name, s.next())
	}
	s.finish(1)
	idle(t, p)
}

// Jobs of one key never overlap and keep their order, whatever others do.
func TestPool_OrderOfEachKey(t *testing.T) {
	const keys, jobs, workers = 7, 300, 4
	p := newPool[int](workers, keys*jobs, jobs)
	var done [keys][]int // without a lock: the race detector watches
	var submitting, working sync.WaitGroup
	working.Add(keys * jobs)
	for key := range keys {
		submitting.Go(func() {
			for i := range jobs {
				assert.True(t, p.submit(key, job{
					work: func() { done[key] = append(done[key], i) },
					tell: working.Done,
				}))
			}
		})
	}
	submitting.Wait()
	working.Wait()
	for key := range keys {
		require.Len(t, done[key], jobs)
		require.True(t, slices.IsSorted(done[key]), "key %d", key)
	}
	idle(t, p)
}

// As many jobs run at once as there are workers, each of another key.
func TestPool_Workers(t *testing.T) {
	p, s := newPool[int](3, 100, 100), newSteps(t)
	for key := range 5 {
		require.True(t, p.submit(key, s.job(fmt.Sprint(key))))
		require.True(t, p.submit(key, s.job(fmt.Sprint(key, " again"))))
	}
	first := []string{s.next(), s.next(), s.next()}
	slices.Sort(first)
	require.Equal(t, []string{"0", "1", "2"}, first)
	require.Empty(t, s.began)
	p.mu.Lock()
	require.Equal(t, 3, p.running)
	p.mu.Unlock()
	s.finish(10)
	idle(t, p)
}

func TestPool_Bounds(t *testing.T) {
	p, s := newPool[string](1, 4, 2), newSteps(t)
	submit := func(key string) bool { return p.submit(key, s.job(key)) }
	require.True(t, submit("a"))
	s.next()
	require.True(t, submit("a"))
	require.False(t, submit("a"), "its share: one runs and one waits")
	require.True(t, submit("b"))
	require.True(t, submit("c"))
	require.False(t, submit("d"), "the limit of all")
	require.Equal(t, 4, p.load())

	s.finish(1)
	require.Equal(t, "b", s.next())
	require.True(t, submit("d"), "there is room again")
	s.finish(4)
	idle(t, p)
}

// Who learns that a job is done may submit the next, also at the bound, and what
// one job tells comes before what the next does.
func TestPool_NextWhenTold(t *testing.T) {
	p, told := newPool[string](4, 1, 1), make(chan int)
	var submit func(n int) bool
	submit = func(n int) bool {
		return p.submit("key", job{
			work: func() {},
			tell: func() {
				if n < 1000 {
					assert.True(t, submit(n+1), n)
				}
				told <- n
			},
		})
	}
	require.True(t, submit(0))
	for n := range 1001 {
		select {
		case got := <-told:
			require.Equal(t, n, got)
		case <-time.After(poolPatience):
			t.Fatal("nothing is told")
		}
	}
	idle(t, p)
}

// Without jobs there is no goroutine, and the next job has one again.
func TestPool_Goroutines(t *testing.T) {
	p, s := newPool[int](2, 10, 10), newSteps(t)
	for range 3 {
		require.True(t, p.submit(1, s.job("job")))
		s.next()
		s.finish(1)
		idle(t, p)
	}
}

func TestPool_StopDropsWhatWaits(t *testing.T) {
	p, s := newPool[string](1, 10, 10), newSteps(t)
	for _, key := range []string{"a", "a", "b"} {
		require.True(t, p.submit(key, s.job(key)))
	}
	s.next()
	over := p.stop()
	require.False(t, p.submit("c", s.job("c")))
	select {
	case <-over:
		t.Fatal("a job still runs")
	default:
	}
	s.finish(3)
	ended(t, over)
	require.Empty(t, s.began, "nothing has begun since")
	require.Zero(t, p.load())
	require.Empty(t, p.queues)
}

func TestPool_StopWithoutJobs(t *testing.T) {
	ended(t, newPool[string](1, 1, 1).stop())
}
