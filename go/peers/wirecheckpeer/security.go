package wirecheckpeer

import (
	"context"
	"crypto/tls"
	"crypto/x509"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"

	peerpb "github.com/wirecheck/wirecheck/go/generated/wirecheck/v1"
)

// Who is who: TLS as grpc-go's users have it, by the standard library, and the tokens of calls.

// serverCredentials gives what a listener proves itself with; nothing in plain text.
func serverCredentials(order *peerpb.ServerTls) ([]grpc.ServerOption, error) {
	if order == nil {
		return nil, nil
	}
	certificate, err := tls.X509KeyPair(order.CertificateChain, order.PrivateKey)
	if err != nil {
		return nil, &couldNotTryError{err.Error()}
	}
	config := &tls.Config{Certificates: []tls.Certificate{certificate}}
	if len(order.ClientCa) > 0 {
		config.ClientAuth = tls.RequireAndVerifyClientCert
		if config.ClientCAs, err = authority(order.ClientCa); err != nil {
			return nil, err
		}
	}
	return []grpc.ServerOption{grpc.Creds(credentials.NewTLS(config))}, nil
}

// channelCredentials gives whom a channel trusts, and what it shows.
func channelCredentials(order *peerpb.ClientTls) (grpc.DialOption, error) {
	if order == nil {
		return grpc.WithTransportCredentials(insecure.NewCredentials()), nil
	}
	trusted, err := authority(order.Ca)
	if err != nil {
		return nil, err
	}
	config := &tls.Config{RootCAs: trusted, ServerName: order.ServerName}
	if len(order.CertificateChain) > 0 || len(order.PrivateKey) > 0 {
		certificate, err := tls.X509KeyPair(order.CertificateChain, order.PrivateKey)
		if err != nil {
			return nil, &couldNotTryError{err.Error()}
		}
		config.Certificates = []tls.Certificate{certificate}
	}
	return grpc.WithTransportCredentials(credentials.NewTLS(config)), nil
}

// authority is a pool of nothing but these certificates.
func authority(pem []byte) (*x509.CertPool, error) {
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, &couldNotTryError{"there is no certificate in the PEM of an authority"}
	}
	return pool, nil
}

// bearerToken is a token as the credentials of a call. grpc-go sends it over TLS alone, since it
// says that it wants that.
type bearerToken string

// GetRequestMetadata gives the header of RFC 6750, section 2.1.
func (t bearerToken) GetRequestMetadata(context.Context, ...string) (map[string]string, error) {
	return map[string]string{"authorization": "Bearer " + string(t)}, nil
}

// RequireTransportSecurity says that the token is not for everybody's eyes.
func (bearerToken) RequireTransportSecurity() bool { return true }

// callOptions are what a call is made with besides what its channel says.
func callOptions(order *peerpb.Call) []grpc.CallOption {
	if order.BearerToken == "" {
		return nil
	}
	return []grpc.CallOption{grpc.PerRPCCredentials(bearerToken(order.BearerToken))}
}
