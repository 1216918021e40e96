package admin

import (
	"net/url"
	"slices"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/core"
)

// listed returns the ids that a path lists, following next from page to page.
func (n *node) listed(query url.Values) (ids []string) {
	n.t.Helper()
	for more := true; more; {
		page := reads[struct {
			Clients   []struct{ ID string }
			Truncated bool
			Next      string
			Missing   []string
		}](n.get("/api/clients?" + query.Encode()))
		require.Equal(n.t, page.Truncated, page.Next != "")
		require.Equal(n.t, []string{}, page.Missing)
		limit, err := strconv.Atoi(query.Get("limit"))
		require.NoError(n.t, err)
		require.LessOrEqual(n.t, len(page.Clients), limit)
		for _, c := range page.Clients {
			ids = append(ids, c.ID)
		}
		query.Set("after", page.Next)
		more = page.Truncated
	}
	return ids
}

// Every client is on one page, whichever node is asked, and filters leave those that
// they should.
func TestAPI_ClientPages(t *testing.T) {
	here, there := pair(t)
	var all, ada, general, muted []string
	for _, n := range []*node{here, there} {
		for i, sub := range []string{`"ada"`, `5`, `"ada"`} {
			c := n.connect(`{"sub":` + sub + `,"n":` + []string{"0", "1", "2"}[i] + `}`)
			id := c.join([]string{"general", "general", "other é"}[i])
			all = append(all, id)
			if i != 1 {
				ada = append(ada, id)
			}
			if i != 2 {
				general = append(general, id)
				continue
			}
			require.Equal(t, 200, here.patch("/api/clients/"+id+"/metadata", `{"muted":true}`).status)
			muted = append(muted, id)
		}
	}
	for _, n := range []*node{here, there} {
		for _, limit := range []string{"1", "2", "3", "4", "6", "10000"} {
			for _, tt := range []struct {
				query url.Values
				want  []string
			}{
				{url.Values{}, all},
				{url.Values{"userId": {"ada"}}, ada},
				{url.Values{"room": {"general"}}, general},
				{url.Values{"room": {"other é"}, "userId": {"5"}}, nil},
				{url.Values{"where": {"meta:muted"}}, muted},
				{url.Values{"where": {"claim:n < 2 and not meta:muted"}, "room": {"general"}}, general},
			} {
				tt.query.Set("limit", limit)
				ids := n.listed(tt.query)
				require.ElementsMatch(t, tt.want, ids, "%v", tt.query)
				require.True(t, slices.IsSorted(ids))
			}
		}
	}
}

// A client is listed as it is told of alone.
func TestAPI_ClientPagesTellWhatIsKnown(t *testing.T) {
	here, there := pair(t)
	assert.JSONEq(t, `{"clients":[],"truncated":false,"missing":[]}`, here.get("/api/clients").body)
	id := there.connect(`{"sub":5}`).join("r")
	there.patch("/api/clients/"+id+"/metadata", `{"level":3}`)
	found := reads[core.FoundClient](here.get("/api/clients/" + id))
	page := reads[core.ClientPage](here.get("/api/clients"))
	require.Len(t, page.Clients, 1)
	assert.WithinDuration(t, found.Client.LastActivity, page.Clients[0].LastActivity, patience)
	page.Clients[0].LastActivity = found.Client.LastActivity
	assert.Equal(t, *found.Client, page.Clients[0])
}

func TestAPI_ClientPagesMissing(t *testing.T) {
	n := start(t, settings{server: core.Options{Bus: &muteBus{}}})
	assert.JSONEq(t, `{"clients":[],"truncated":false,"missing":["00000000000a"]}`, n.get("/api/clients").body)
}
