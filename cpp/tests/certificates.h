// Certificates for tests, made when they are needed.
#pragma once

#include <memory>
#include <string>

#include <openssl/evp.h>
#include <openssl/x509.h>

namespace wirecheck::peer {

// In PEM.
struct Identity {
  std::string certificate;
  std::string private_key;
};

enum class Validity { kNow, kExpired };

// Signs certificates, with one of its own that says so.
class Authority {
 public:
  Authority();

  const std::string& certificate() const { return identity_.certificate; }

  // A certificate for one DNS name, with its key.
  Identity Issue(const std::string& name, Validity validity = Validity::kNow) const;

 private:
  std::shared_ptr<EVP_PKEY> key_;
  std::shared_ptr<X509> own_;
  Identity identity_;
};

}  // namespace wirecheck::peer
