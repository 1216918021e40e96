package main

import (
	"encoding/json"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestVersion(t *testing.T) {
	text, err := tool(t, "version")
	require.NoError(t, err)
	require.Regexp(t, `^gannet \S+(, commit [0-9a-f]+)?( with changes)?, `+runtime.Version()+`\S*, linux/`+runtime.GOARCH+"\n$", text)
	text, err = tool(t, "version", "--json")
	require.NoError(t, err)
	var b build
	require.NoError(t, json.Unmarshal([]byte(text), &b))
	require.Equal(t, readBuild(), b)
	require.NotEmpty(t, b.Version)
}

// What the linker is told comes first.
func TestVersion_OfTheLinker(t *testing.T) {
	defer func(v, c string) { version, commit = v, c }(version, commit)
	version, commit = "v1.2.3", "0123abc"
	require.Equal(t, build{Version: "v1.2.3", Commit: "0123abc", Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}, readBuild())
	text, err := tool(t, "version")
	require.NoError(t, err)
	require.Equal(t, "gannet v1.2.3, commit 0123abc, "+runtime.Version()+", linux/"+runtime.GOARCH+"\n", text)
}
