#include "wirecheck_peer/credentials.h"

#include <string>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "wirecheck_peer/errors.h"

namespace wirecheck::peer {

namespace {

template <auto kFree>
struct FreeWith {
  template <typename Thing>
  void operator()(Thing* thing) const {
    kFree(thing);
  }
};

using Text = std::unique_ptr<BIO, FreeWith<BIO_free>>;
using Certificate = std::unique_ptr<X509, FreeWith<X509_free>>;
using Key = std::unique_ptr<EVP_PKEY, FreeWith<EVP_PKEY_free>>;

// The password of a key that is encrypted: none, or OpenSSL would ask for it at the terminal.
char kNoPassword[] = "";

// Gives what OpenSSL said last of a text, and has it forget the rest.
CouldNotTry Unusable(const std::string& what) {
  char said[256];
  ERR_error_string_n(ERR_peek_last_error(), said, sizeof said);
  ERR_clear_error();
  return CouldNotTry(what + " cannot be used: " + said);
}

Text Open(const std::string& pem) {
  return Text(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
}

bool AtEnd() { return ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE; }

// Reads all certificates of a text, at least one, and gives the first.
Certificate ReadCertificates(const std::string& pem, const std::string& what) {
  const Text text = Open(pem);
  Certificate first(PEM_read_bio_X509(text.get(), nullptr, nullptr, kNoPassword));
  if (first == nullptr) throw Unusable(what);
  while (Certificate(PEM_read_bio_X509(text.get(), nullptr, nullptr, kNoPassword)) != nullptr) {
  }
  if (!AtEnd()) throw Unusable(what);
  ERR_clear_error();
  return first;
}

void CheckPair(const std::string& chain, const std::string& private_key) {
  const Certificate certificate = ReadCertificates(chain, "the certificate chain");
  const Text text = Open(private_key);
  const Key key(PEM_read_bio_PrivateKey(text.get(), nullptr, nullptr, kNoPassword));
  if (key == nullptr || X509_check_private_key(certificate.get(), key.get()) != 1) {
    throw Unusable("the private key");
  }
}

// An empty text would be no CA for gRPC C++, which would then trust those of the machine.
void CheckAuthority(const std::string& pem) { ReadCertificates(pem, "the CA"); }

}  // namespace

std::shared_ptr<grpc::ServerCredentials> ServerCredentialsOf(const pb::Listen& order) {
  if (!order.has_tls()) return grpc::InsecureServerCredentials();
  const pb::ServerTls& tls = order.tls();
  const bool asks_clients = !tls.client_ca().empty();
  CheckPair(tls.certificate_chain(), tls.private_key());
  if (asks_clients) CheckAuthority(tls.client_ca());
  grpc::SslServerCredentialsOptions options(
      asks_clients ? GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY
                   : GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE);
  options.pem_root_certs = tls.client_ca();
  options.pem_key_cert_pairs.push_back({tls.private_key(), tls.certificate_chain()});
  return grpc::SslServerCredentials(options);
}

std::shared_ptr<grpc::ChannelCredentials> ChannelCredentialsOf(const pb::Open& order) {
  if (!order.has_tls()) return grpc::InsecureChannelCredentials();
  const pb::ClientTls& tls = order.tls();
  CheckAuthority(tls.ca());
  // One without the other is found lacking as an empty text.
  const bool shows_itself = !tls.certificate_chain().empty() || !tls.private_key().empty();
  if (shows_itself) CheckPair(tls.certificate_chain(), tls.private_key());
  return grpc::SslCredentials({tls.ca(), tls.private_key(), tls.certificate_chain()});
}

}  // namespace wirecheck::peer
