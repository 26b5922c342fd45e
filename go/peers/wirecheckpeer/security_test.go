package wirecheckpeer

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"testing"
	"time"

	"google.golang.org/grpc/codes"

	testingpb "github.com/wirecheck/wirecheck/go/generated/grpc/testing"
	peerpb "github.com/wirecheck/wirecheck/go/generated/wirecheck/v1"
)

// TLS, IPv6, tokens and compression, between both roles.

// testAuthority signs certificates for one test.
type testAuthority struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
	pem         []byte
}

func newAuthority(t *testing.T) *testAuthority {
	t.Helper()
	template := certificateTemplate()
	template.IsCA, template.BasicConstraintsValid = true, true
	template.KeyUsage = x509.KeyUsageCertSign
	key := newKey(t)
	der := must(x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key))(t)
	return &testAuthority{must(x509.ParseCertificate(der))(t), key, inPEM("CERTIFICATE", der)}
}

// sign gives a certificate for `localhost`, and its key.
func (a *testAuthority) sign(t *testing.T) (chain, key []byte) {
	t.Helper()
	template := certificateTemplate()
	template.DNSNames = []string{"localhost"}
	own := newKey(t)
	der := must(x509.CreateCertificate(rand.Reader, template, a.certificate, &own.PublicKey, a.key))(t)
	return inPEM("CERTIFICATE", der), inPEM("PRIVATE KEY", must(x509.MarshalPKCS8PrivateKey(own))(t))
}

func certificateTemplate() *x509.Certificate {
	return &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()),
		Subject:      pkix.Name{CommonName: "for one test"},
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(time.Hour),
	}
}

func newKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	return must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))(t)
}

func inPEM(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}

func must[Value any](value Value, err error) func(*testing.T) Value {
	return func(t *testing.T) Value {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
}

// overTLS serves the greeter, and gives a channel that trusts one authority. A client is asked for
// a certificate of `asked`, if there is one.
func overTLS(t *testing.T, pair *pair, trusted, signer, asked, shown *testAuthority) (channel uint64) {
	t.Helper()
	chain, key := signer.sign(t)
	listen := &peerpb.Listen{
		Services: []string{"Greeter"},
		Tls:      &peerpb.ServerTls{CertificateChain: chain, PrivateKey: key},
	}
	pair.tls = &peerpb.ClientTls{Ca: trusted.pem, ServerName: "localhost"}
	if asked != nil {
		listen.Tls.ClientCa = asked.pem
	}
	if shown != nil {
		pair.tls.CertificateChain, pair.tls.PrivateKey = shown.sign(t)
	}
	_, channel = pair.serve(listen)
	return channel
}

func TestWhomEachSideTrusts(t *testing.T) {
	ours, other := newAuthority(t), newAuthority(t)
	for name, given := range map[string]struct {
		trusted, signer, asked, shown *testAuthority
		want                          codes.Code
	}{
		"a good server":              {ours, ours, nil, nil, codes.OK},
		"an untrusted server":        {other, ours, nil, nil, codes.Unavailable},
		"a good client":              {ours, ours, ours, ours, codes.OK},
		"an untrusted client":        {ours, ours, ours, other, codes.Unavailable},
		"no certificate of a client": {ours, ours, ours, nil, codes.Unavailable},
	} {
		t.Run(name, func(t *testing.T) {
			pair := startPair(t)
			channel := overTLS(t, pair, given.trusted, given.signer, given.asked, given.shown)
			pair.call(channel, &peerpb.Call{})
			equal(t, codes.Code(pair.result().Status), given.want)
		})
	}
}

func TestATokenGoesOverTLSAlone(t *testing.T) {
	pair, ours := startPair(t), newAuthority(t)
	channel := overTLS(t, pair, ours, ours, nil, nil)
	pair.call(channel, &peerpb.Call{BearerToken: "a-token"})
	equal(t, codes.Code(pair.result().Status), codes.OK)
	equal(t, valuesOf(pair.began().Metadata, "authorization"), []string{"Bearer a-token"})

	plain := startPair(t)
	_, channel = plain.serve(&peerpb.Listen{Services: []string{"Greeter"}})
	plain.call(channel, &peerpb.Call{BearerToken: "a-token"})
	equal(t, codes.Code(plain.result().Status), codes.Unauthenticated)
}

func TestTheLoopbackAddressOfIPv6(t *testing.T) {
	if probe, err := net.Listen("tcp", "[::1]:0"); err != nil {
		t.Skip("this machine has no ::1")
	} else {
		probe.Close()
	}
	pair := startPair(t)
	_, channel := pair.serve(&peerpb.Listen{
		Services:  []string{"Greeter"},
		Transport: &peerpb.Transport{Kind: &peerpb.Transport_Tcp{Tcp: &peerpb.Tcp{Ipv6: true}}},
	})
	pair.call(channel, &peerpb.Call{})
	equal(t, codes.Code(pair.result().Status), codes.OK)
}

func TestCompressedMessagesAreUnderstood(t *testing.T) {
	gzip := "gzip"
	pair := startPair(t)
	pair.options = &peerpb.ChannelOptions{Compression: &gzip}
	_, channel := pair.serve(&peerpb.Listen{
		Services: []string{testingpb.TestService_ServiceDesc.ServiceName},
		Options:  &peerpb.ServerOptions{Compression: &gzip, AcceptCompression: &gzip},
	})
	for _, wish := range []bool{true, false} {
		request := &testingpb.SimpleRequest{
			ResponseSize: 5000, ResponseCompressed: &testingpb.BoolValue{Value: wish},
		}
		pair.call(channel, callOf(t, testingpb.TestService_UnaryCall_FullMethodName, request, &testingpb.SimpleResponse{}))
		result := pair.result()
		equal(t, codes.Code(result.Status), codes.OK)
		equal(t, result.Messages[0].Length > 5000, true)
	}
}

func TestAnUnknownCodingIsNotSupported(t *testing.T) {
	snappy := "snappy"
	_, err := channelArguments(&peerpb.ChannelOptions{Compression: &snappy})
	equal(t, err, error(&unsupportedError{"option:compression"}))
	_, err = serverArguments(&peerpb.ServerOptions{AcceptCompression: &snappy})
	equal(t, err, error(&unsupportedError{"option:accept_compression"}))
}
