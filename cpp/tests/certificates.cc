#include "tests/certificates.h"

#include <functional>
#include <stdexcept>

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

namespace wirecheck::peer {

namespace {

constexpr long kHour = 3600;  // Seconds.
constexpr int kSerialBits = 64;

std::shared_ptr<EVP_PKEY> NewKey() { return {EVP_EC_gen("P-256"), EVP_PKEY_free}; }

std::string ToPem(const std::function<int(BIO*)>& write) {
  const std::unique_ptr<BIO, decltype(&BIO_free)> text(BIO_new(BIO_s_mem()), BIO_free);
  if (write(text.get()) != 1) throw std::runtime_error("no PEM");
  char* data = nullptr;
  const long size = BIO_get_mem_data(text.get(), &data);
  return {data, static_cast<std::size_t>(size)};
}

void SetName(X509_NAME* name, const std::string& text) {
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(text.c_str()), -1, -1, 0);
}

void SetSerial(X509& certificate) {
  const std::unique_ptr<BIGNUM, decltype(&BN_free)> number(BN_new(), BN_free);
  BN_rand(number.get(), kSerialBits, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY);
  BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(&certificate));
}

void AddExtension(X509& certificate, int kind, const std::string& value) {
  X509_EXTENSION* const extension = X509V3_EXT_conf_nid(nullptr, nullptr, kind, value.c_str());
  if (extension == nullptr) throw std::runtime_error("no extension: " + value);
  X509_add_ext(&certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

// A certificate that lacks its issuer, its extensions and its signature.
std::shared_ptr<X509> Draft(const std::string& name, EVP_PKEY* key, Validity validity) {
  std::shared_ptr<X509> certificate(X509_new(), X509_free);
  X509_set_version(certificate.get(), X509_VERSION_3);
  SetSerial(*certificate);
  const bool expired = validity == Validity::kExpired;
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), expired ? -2 * kHour : -kHour);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), expired ? -kHour : kHour);
  X509_set_pubkey(certificate.get(), key);
  SetName(X509_get_subject_name(certificate.get()), name);
  return certificate;
}

Identity Sign(X509& certificate, EVP_PKEY* key, X509& issuer, EVP_PKEY* issuers_key) {
  X509_set_issuer_name(&certificate, X509_get_subject_name(&issuer));
  if (X509_sign(&certificate, issuers_key, EVP_sha256()) == 0) {
    throw std::runtime_error("no signature");
  }
  return {ToPem([&](BIO* text) { return PEM_write_bio_X509(text, &certificate); }),
          ToPem([&](BIO* text) {
            return PEM_write_bio_PKCS8PrivateKey(text, key, nullptr, nullptr, 0, nullptr, nullptr);
          })};
}

}  // namespace

Authority::Authority() : key_(NewKey()), own_(Draft("Test CA", key_.get(), Validity::kNow)) {
  AddExtension(*own_, NID_basic_constraints, "critical,CA:TRUE");
  AddExtension(*own_, NID_key_usage, "critical,keyCertSign");
  identity_ = Sign(*own_, key_.get(), *own_, key_.get());
}

Identity Authority::Issue(const std::string& name, Validity validity) const {
  const auto key = NewKey();
  const auto certificate = Draft(name, key.get(), validity);
  AddExtension(*certificate, NID_basic_constraints, "critical,CA:FALSE");
  AddExtension(*certificate, NID_subject_alt_name, "DNS:" + name);
  return Sign(*certificate, key.get(), *own_, key_.get());
}

}  // namespace wirecheck::peer
