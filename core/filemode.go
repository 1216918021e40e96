package core

import (
	"fmt"
	"strconv"
)

// FileMode says who may use a file, written in octal digits: 0660.
type FileMode uint32

// UnmarshalText reads a mode.
func (m *FileMode) UnmarshalText(text []byte) error {
	mode, err := strconv.ParseUint(string(text), 8, 32)
	if err != nil || mode > 0o777 {
		return fmt.Errorf("%q is not a file mode: write octal digits up to 0777, such as 0660", text)
	}
	*m = FileMode(mode)
	return nil
}

// MarshalText writes the mode.
func (m FileMode) MarshalText() ([]byte, error) { return []byte(m.String()), nil }

// String returns the mode in four octal digits.
func (m FileMode) String() string { return fmt.Sprintf("%04o", uint32(m)) }
