package core

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

func newArrivals() *arrivals { return &arrivals{from: map[addressKey]waiting{}} }

// arriving is a handshake from the address with the number.
func arriving(number uint32) *handshake { return &handshake{group: keyOf(numbered(number))} }

func TestArrivals_KeepTheOrderOfAllAndOfEachAddress(t *testing.T) {
	a := newArrivals()
	var model []*handshake
	random := rand.New(rand.NewPCG(3, 4))
	for range 5000 {
		switch do := random.IntN(5); {
		case len(model) == 0 || do < 2:
			h := arriving(uint32(random.IntN(5)))
			a.add(h)
			model = append(model, h)
		case do < 4:
			i := random.IntN(len(model))
			h := model[i]
			a.remove(h)
			a.remove(h) // which is not in any more
			require.Zero(t, h.grouped)
			model = slices.Delete(model, i, i+1)
		default:
			h := model[random.IntN(len(model))]
			same := arriving(uint32(5 + random.IntN(2)))
			a.rename(h, same.group)
			require.Equal(t, same.group, h.group)
		}
		require.Equal(t, len(model), a.all.size)
		sizes := map[addressKey]int{}
		for _, h := range model {
			sizes[h.group]++
		}
		require.Len(t, a.from, len(sizes), "no address is kept without need")
		for _, h := range model {
			require.Equal(t, sizes[h.group], a.crowd(h))
		}
		if len(model) > 0 {
			require.Same(t, model[0], a.all.oldest.of)
		}
	}
}

// Who gives way is of the address that has the most.
func TestArrivals_WhoGivesWay(t *testing.T) {
	for _, tt := range []struct {
		from []uint32 // addresses, in the order of arrival
		want int      // which of them gives way
	}{
		{[]uint32{1}, 0},
		{[]uint32{1, 2, 3}, 0},
		{[]uint32{1, 2, 3, 2}, 1},
		{[]uint32{1, 2, 1, 2}, 0},
		{[]uint32{2, 1, 1, 2, 1}, 1},
		{[]uint32{1, 1, 2, 2, 2, 2}, 2},
	} {
		t.Run(fmt.Sprint(tt.from), func(t *testing.T) {
			a := newArrivals()
			var all []*handshake
			for _, from := range tt.from {
				h := arriving(from)
				a.add(h)
				all = append(all, h)
			}
			for range 20 {
				looked := false
				for range 100 { // one look may miss it
					looked = looked || a.next(all, anyDescriptor) == all[tt.want]
				}
				require.True(t, looked)
			}
		})
	}
	require.Nil(t, newArrivals().next(nil, anyDescriptor))
}

// Where no address has more than the others the oldest of all gives way, whoever is
// looked at.
func TestArrivals_TheOldestOfEquals(t *testing.T) {
	for _, from := range [][]uint32{{1, 2, 3}, {1, 2, 2, 1}, {1, 2, 3, 3, 2, 1}} {
		a := newArrivals()
		var all []*handshake
		for _, address := range from {
			h := arriving(address)
			a.add(h)
			all = append(all, h)
		}
		for range 100 {
			require.Same(t, all[0], a.next(all, anyDescriptor), from)
		}
	}
}

// Those whose request is not awaited any more give way to nobody, however many.
func TestArrivals_OnlyTheyGiveWay(t *testing.T) {
	a := newArrivals()
	all := []*handshake{arriving(1)}
	a.add(all[0])
	var leaving waiting
	for range 100 {
		h := arriving(2)
		h.refused = true
		leaving.add(h, &h.requested)
		all = append(all, h, arriving(2)) // the other's token is being checked
	}
	for range 100 {
		require.Same(t, all[0], a.next(all, anyDescriptor))
	}
}

// Where a descriptor is wanted only those below it give way.
func TestArrivals_BelowADescriptor(t *testing.T) {
	a := newArrivals()
	var all []*handshake
	for i, fd := range []int{30, 10, 31, 11, 32, 33, 34} {
		h := arriving(uint32(min(i, 2)))
		h.fd = fd
		a.add(h)
		all = append(all, h)
	}
	require.Nil(t, a.next(all, 10))
	require.Same(t, all[1], a.next(all, 11))
	looked := false
	for range 100 {
		h := a.next(all, 30)
		require.Contains(t, []*handshake{all[1], all[3]}, h)
		looked = looked || h == all[3]
	}
	require.True(t, looked, "it is of the address that has the most, though not its oldest")
}
