// Package byhand makes records of TLS 1.3 by hand, for tests: crypto/tls has no way to
// renew keys, nor to write records without data.
package byhand

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"strings"
)

// The types of records.
const (
	Alert     = 21
	Handshake = 22
	Data      = 23
)

// KeyUpdate is the first byte of the handshake message that renews keys.
const KeyUpdate = 24

// Keys are one direction of a connection with TLS_AES_128_GCM_SHA256.
type Keys struct {
	secret []byte
	aead   cipher.AEAD
	iv     []byte
	number uint64 // of the next record
}

// New takes the secret of a direction from what a tls.Config's KeyLogWriter has been
// written: label is CLIENT_TRAFFIC_SECRET_0 or SERVER_TRAFFIC_SECRET_0.
func New(log, label string) (*Keys, error) {
	for line := range strings.Lines(log) {
		if words := strings.Fields(line); len(words) == 3 && words[0] == label {
			secret, err := hex.DecodeString(words[2])
			if err != nil {
				return nil, fmt.Errorf("reading a key log: %w", err)
			}
			k := &Keys{}
			return k, k.use(secret)
		}
	}
	return nil, fmt.Errorf("the key log has no %s", label)
}

func (k *Keys) expand(label string, length int) ([]byte, error) {
	info := binary.BigEndian.AppendUint16(nil, uint16(length))
	info = append(append(info, byte(len("tls13 "+label))), "tls13 "+label...)
	return hkdf.Expand(sha256.New, k.secret, string(append(info, 0)), length)
}

func (k *Keys) use(secret []byte) error {
	k.secret, k.number = secret, 0
	key, err := k.expand("key", 16)
	if err != nil {
		return err
	}
	if k.iv, err = k.expand("iv", 12); err != nil {
		return err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return err
	}
	k.aead, err = cipher.NewGCM(block)
	return err
}

// Renew goes on to the next keys.
func (k *Keys) Renew() error {
	next, err := k.expand("traffic upd", 32)
	if err != nil {
		return err
	}
	return k.use(next)
}

func (k *Keys) nonce() []byte {
	nonce := bytes.Clone(k.iv)
	counted := binary.BigEndian.AppendUint64(nil, k.number)
	for i, b := range counted {
		nonce[4+i] ^= b
	}
	k.number++
	return nonce
}

// Record returns a record of a type.
func (k *Keys) Record(typ byte, content []byte) []byte {
	inner := append(bytes.Clone(content), typ)
	head := binary.BigEndian.AppendUint16([]byte{23, 3, 3}, uint16(len(inner)+k.aead.Overhead()))
	return k.aead.Seal(head, k.nonce(), inner, head)
}

// Read reads a record.
func (k *Keys) Read(from io.Reader) (typ byte, content []byte, err error) {
	head := make([]byte, 5)
	if _, err = io.ReadFull(from, head); err != nil {
		return 0, nil, err
	}
	sealed := make([]byte, binary.BigEndian.Uint16(head[3:]))
	if _, err = io.ReadFull(from, sealed); err != nil {
		return 0, nil, err
	}
	inner, err := k.aead.Open(nil, k.nonce(), sealed, head)
	if err != nil {
		return 0, nil, err
	}
	return inner[len(inner)-1], inner[:len(inner)-1], nil
}

// Update returns a record that renews the keys, and asks the peer to renew its own or
// does not, and goes on to the next keys.
func (k *Keys) Update(requested bool) ([]byte, error) {
	message := []byte{KeyUpdate, 0, 0, 1, 0}
	if requested {
		message[4] = 1
	}
	record := k.Record(Handshake, message)
	return record, k.Renew()
}
