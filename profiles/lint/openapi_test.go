package lint

import (
	"bytes"
	"log/slog"
	"os"
	"testing"

	"github.com/pb33f/libopenapi"
	validator "github.com/pb33f/libopenapi-validator"
	"github.com/pb33f/libopenapi/datamodel"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// mistakesIn returns what is wrong with a description by OpenAPI's own schema.
func mistakesIn(t *testing.T, description []byte) (mistakes []string) {
	t.Helper()
	quiet := datamodel.NewDocumentConfiguration()
	quiet.Logger = slog.New(slog.DiscardHandler) // what it finds it returns
	document, err := libopenapi.NewDocumentWithConfiguration(description, quiet)
	require.NoError(t, err)
	model, err := document.BuildV3Model()
	if err != nil {
		return []string{err.Error()}
	}
	require.NotNil(t, model)
	checker, errs := validator.NewValidator(document)
	require.Empty(t, errs)
	_, found := checker.ValidateDocument()
	for _, one := range found {
		mistakes = append(mistakes, one.Error())
		for _, detail := range one.SchemaValidationErrors {
			mistakes = append(mistakes, detail.FieldPath+": "+detail.Reason)
		}
	}
	return mistakes
}

func TestOpenAPI_Valid(t *testing.T) {
	description, err := os.ReadFile(root + "/core/admin/openapi.yaml")
	require.NoError(t, err)
	document, err := libopenapi.NewDocument(description)
	require.NoError(t, err)
	require.Equal(t, "3.1.0", document.GetVersion())
	assert.Empty(t, mistakesIn(t, description))
}

// The validator finds what is wrong.
func TestOpenAPI_MistakesAreFound(t *testing.T) {
	description, err := os.ReadFile(root + "/core/admin/openapi.yaml")
	require.NoError(t, err)
	for good, bad := range map[string]string{
		"  title: Gannet":                       "  titel: Gannet",
		"in: path":                              "in: road",
		"#/components/schemas/Error":            "#/components/schemas/Eror",
		"          description: What was asked": "          describes: What was asked",
		"type: apiKey":                          "type: key",
	} {
		broken := bytes.ReplaceAll(description, []byte(good), []byte(bad))
		require.NotEqual(t, description, broken, good)
		assert.NotEmpty(t, mistakesIn(t, broken), bad)
	}
}
