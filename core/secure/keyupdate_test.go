package secure_test

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"crypto/tls"
	"encoding/binary"
	"encoding/hex"
	"io"
	"net"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gannet-ws/gannet/core/secure"
)

// keys are one direction of a TLS 1.3 connection with AES-128-GCM, by hand: crypto/tls
// has no way to renew keys.
type keys struct {
	t      *testing.T
	secret []byte
	seal   cipher.AEAD
	iv     []byte
	number uint64
}

// newKeys takes the secret of a direction from a key log.
func newKeys(t *testing.T, log, label string) *keys {
	t.Helper()
	for line := range strings.Lines(log) {
		if words := strings.Fields(line); words[0] == label {
			secret, err := hex.DecodeString(words[2])
			require.NoError(t, err)
			k := &keys{t: t}
			k.use(secret)
			return k
		}
	}
	t.Fatalf("no %s in the log", label)
	return nil
}

func (k *keys) expand(label string, length int) []byte {
	info := binary.BigEndian.AppendUint16(nil, uint16(length))
	info = append(append(info, byte(len("tls13 "+label))), "tls13 "+label...)
	key, err := hkdf.Expand(sha256.New, k.secret, string(append(info, 0)), length)
	require.NoError(k.t, err)
	return key
}

func (k *keys) use(secret []byte) {
	k.secret, k.number = secret, 0
	block, err := aes.NewCipher(k.expand("key", 16))
	require.NoError(k.t, err)
	k.seal, err = cipher.NewGCM(block)
	require.NoError(k.t, err)
	k.iv = k.expand("iv", 12)
}

// renew goes on to the next keys.
func (k *keys) renew() { k.use(k.expand("traffic upd", 32)) }

func (k *keys) nonce() []byte {
	nonce := bytes.Clone(k.iv)
	counted := binary.BigEndian.AppendUint64(nil, k.number)
	for i, b := range counted {
		nonce[4+i] ^= b
	}
	k.number++
	return nonce
}

// record returns a record of a type.
func (k *keys) record(typ byte, content []byte) []byte {
	inner := append(bytes.Clone(content), typ)
	head := binary.BigEndian.AppendUint16([]byte{23, 3, 3}, uint16(len(inner)+k.seal.Overhead()))
	return k.seal.Seal(head, k.nonce(), inner, head)
}

// read reads a record.
func (k *keys) read(from net.Conn) (typ byte, content []byte) {
	k.t.Helper()
	head := make([]byte, 5)
	_, err := io.ReadFull(from, head)
	require.NoError(k.t, err)
	sealed := make([]byte, binary.BigEndian.Uint16(head[3:]))
	_, err = io.ReadFull(from, sealed)
	require.NoError(k.t, err)
	inner, err := k.seal.Open(nil, k.nonce(), sealed, head)
	require.NoError(k.t, err)
	return inner[len(inner)-1], inner[:len(inner)-1]
}

const (
	recordHandshake = 22
	recordData      = 23
)

var updateRequested = []byte{24, 0, 0, 1, 1} // a KeyUpdate that asks for another

func TestConn_KeyUpdate(t *testing.T) {
	serverConfig, clientConfig := configs(t)
	serverConfig.SessionTicketsDisabled = true
	var log bytes.Buffer
	clientConfig.KeyLogWriter = &log
	s, far := newServer(t, serverConfig)
	ended := s.run(secure.NewHandshakes(1), echo)
	client := tls.Client(far, clientConfig)
	require.NoError(t, client.Handshake())
	if suite := client.ConnectionState().CipherSuite; suite != tls.TLS_AES_128_GCM_SHA256 {
		t.Skipf("without AES in hardware %s is taken", tls.CipherSuiteName(suite))
	}
	up := newKeys(t, log.String(), "CLIENT_TRAFFIC_SECRET_0")
	down := newKeys(t, log.String(), "SERVER_TRAFFIC_SECRET_0")
	send := func(record []byte) {
		_, err := far.Write(record)
		require.NoError(t, err)
	}
	for _, text := range []string{"first", "second", "third"} {
		update := up.record(recordHandshake, updateRequested)
		send(update[:7]) // it arrives in two parts
		send(update[7:])
		up.renew()
		typ, answer := down.read(far)
		require.EqualValues(t, recordHandshake, typ)
		require.Equal(t, []byte{24, 0, 0, 1, 0}, answer)
		down.renew()
		send(up.record(recordData, []byte(text)))
		typ, echoed := down.read(far)
		require.EqualValues(t, recordData, typ)
		require.Equal(t, text, string(echoed))
	}
	require.NoError(t, far.Close())
	require.Error(t, result(t, ended))
}
