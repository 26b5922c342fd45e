// TLS, as both roles of the peer have it with one another.
#include <gtest/gtest.h>

#include "tests/certificates.h"
#include "tests/pair.h"

namespace wirecheck::peer {
namespace {

const char kName[] = "greeter.test";
constexpr unsigned kUnavailable = 14;

// A greeter with TLS.
pb::Listen TlsListen(const Identity& identity) {
  pb::Listen listen = GreeterListen();
  listen.mutable_tls()->set_certificate_chain(identity.certificate);
  listen.mutable_tls()->set_private_key(identity.private_key);
  return listen;
}

pb::Open TlsOpen(const Authority& trusted, const std::string& server_name = kName) {
  pb::Open open;
  open.mutable_tls()->set_ca(trusted.certificate());
  open.mutable_tls()->set_server_name(server_name);
  return open;
}

void Show(pb::Open& open, const Identity& identity) {
  open.mutable_tls()->set_certificate_chain(identity.certificate);
  open.mutable_tls()->set_private_key(identity.private_key);
}

// What comes of a greeting over a new connection.
pb::Result Greet(const pb::Listen& listen, const pb::Open& open) {
  Pair pair;
  pair.Open(listen, open);
  return pair.Make(Greeting());
}

TEST(Tls, ACertificateOfTheTrustedCaIsGoodWhateverTheTargetIs) {
  const Authority authority;
  const auto result = Greet(TlsListen(authority.Issue(kName)), TlsOpen(authority));
  EXPECT_EQ(result.status(), 0U) << result.message();
  EXPECT_EQ(result.messages(0).head(), "\x0a\x0cHello, World");
}

TEST(Tls, OneOfAnotherCaIsNot) {
  const auto result = Greet(TlsListen(Authority().Issue(kName)), TlsOpen(Authority()));
  EXPECT_EQ(result.status(), kUnavailable) << result.message();
}

TEST(Tls, OneThatHasExpiredIsNot) {
  const Authority authority;
  const auto expired = authority.Issue(kName, Validity::kExpired);
  EXPECT_EQ(Greet(TlsListen(expired), TlsOpen(authority)).status(), kUnavailable);
}

TEST(Tls, OneForAnotherNameIsNot) {
  const Authority authority;
  const auto result = Greet(TlsListen(authority.Issue("other.test")), TlsOpen(authority));
  EXPECT_EQ(result.status(), kUnavailable) << result.message();
}

TEST(Tls, PlainTextIsNotSpokenWithTls) {
  const Authority authority;
  EXPECT_EQ(Greet(TlsListen(authority.Issue(kName)), {}).status(), kUnavailable);
  EXPECT_EQ(Greet(GreeterListen(), TlsOpen(authority)).status(), kUnavailable);
}

// The library refuses one with a port, which shows that it is used in place of the server's name.
TEST(Tls, TheAuthorityIsTheOneOfTheOption) {
  const Authority authority;
  const auto listen = TlsListen(authority.Issue(kName));
  auto open = TlsOpen(authority);
  open.mutable_options()->set_authority("also.test");
  EXPECT_EQ(Greet(listen, open).status(), 0U);
  open.mutable_options()->set_authority("also.test:443");
  const auto result = Greet(listen, open);
  EXPECT_EQ(result.status(), 16U);
  EXPECT_EQ(result.message(), "call host does not match SSL server name");
}

TEST(Tls, AFailedHandshakeLeavesTheServerToOthers) {
  const Authority authority;
  Pair pair;
  auto open = TlsOpen(Authority());
  open.set_target(pair.Listen(TlsListen(authority.Issue(kName))));
  pair.OpenChannel(open);
  EXPECT_EQ(pair.Make(Greeting()).status(), kUnavailable);
  open.mutable_tls()->set_ca(authority.certificate());
  pair.OpenChannel(open);
  EXPECT_EQ(pair.Make(Greeting()).status(), 0U);
}

TEST(MutualTls, AClientShowsItsCertificate) {
  const Authority servers;
  const Authority clients;
  auto listen = TlsListen(servers.Issue(kName));
  listen.mutable_tls()->set_client_ca(clients.certificate());
  auto open = TlsOpen(servers);
  Show(open, clients.Issue("client.test"));
  EXPECT_EQ(Greet(listen, open).status(), 0U);
}

TEST(MutualTls, AClientWithoutAGoodOneIsRefused) {
  const Authority servers;
  const Authority clients;
  auto listen = TlsListen(servers.Issue(kName));
  listen.mutable_tls()->set_client_ca(clients.certificate());
  auto open = TlsOpen(servers);
  EXPECT_EQ(Greet(listen, open).status(), kUnavailable);
  Show(open, Authority().Issue("client.test"));
  EXPECT_EQ(Greet(listen, open).status(), kUnavailable);
  Show(open, clients.Issue("client.test", Validity::kExpired));
  EXPECT_EQ(Greet(listen, open).status(), kUnavailable);
}

// ------------------------------------------------------------------ texts that are no PEM

std::string WhyNotOpened(const pb::Open& open) {
  Driver client("client");
  pb::ToPeer order;
  *order.mutable_open() = open;
  order.mutable_open()->set_target("127.0.0.1:1");
  client.Send(order);
  return client.Next().refused().could_not_try().why();
}

std::string WhyNotListening(const pb::Listen& listen) {
  Driver server("server");
  pb::ToPeer order;
  *order.mutable_listen() = listen;
  server.Send(order);
  return server.Next().refused().could_not_try().why();
}

// Whether it is said of the right text, and in OpenSSL's words.
void ExpectSaid(const std::string& why, const std::string& text, const std::string& words) {
  EXPECT_EQ(why.rfind(text + " cannot be used: error:", 0), 0U) << why;
  EXPECT_NE(why.find(words), std::string::npos) << why;
}

TEST(Pem, AServerSaysWhatIsWrongWithIts) {
  const Authority authority;
  const auto identity = authority.Issue(kName);
  auto chain = TlsListen(identity);
  chain.mutable_tls()->set_certificate_chain("no certificate");
  ExpectSaid(WhyNotListening(chain), "the certificate chain", "no start line");
  auto key = TlsListen(identity);
  key.mutable_tls()->set_private_key(authority.Issue(kName).private_key);
  ExpectSaid(WhyNotListening(key), "the private key", "key values mismatch");
  auto client_ca = TlsListen(identity);
  client_ca.mutable_tls()->set_client_ca(identity.private_key);
  ExpectSaid(WhyNotListening(client_ca), "the CA", "no start line");
}

TEST(Pem, AClientSaysWhatIsWrongWithIts) {
  const Authority authority;
  // With no CA at all the library would trust those of the machine.
  auto none = TlsOpen(authority);
  none.mutable_tls()->clear_ca();
  ExpectSaid(WhyNotOpened(none), "the CA", "no start line");
  auto half = TlsOpen(authority);
  half.mutable_tls()->set_ca(authority.certificate() + "-----BEGIN CERTIFICATE-----\nAAA");
  ExpectSaid(WhyNotOpened(half), "the CA", "");
  auto no_key = TlsOpen(authority);
  no_key.mutable_tls()->set_certificate_chain(authority.certificate());
  ExpectSaid(WhyNotOpened(no_key), "the private key", "");
}

// ------------------------------------------------------------------ call credentials

TEST(CallCredentials, ATokenGoesOverTls) {
  const Authority authority;
  for (const auto api : {pb::API_IDIOMATIC, pb::API_STREAM}) {
    Pair pair;
    pair.Open(TlsListen(authority.Issue(kName)), TlsOpen(authority));
    auto call = Greeting();
    call.set_api(api);
    call.set_bearer_token("a.token");
    EXPECT_EQ(pair.Make(call).status(), 0U);
    std::string authorization;
    const auto began = pair.AwaitBegan();
    for (const auto& entry : began.metadata()) {
      if (entry.key() == "authorization") authorization += entry.value();
    }
    EXPECT_EQ(authorization, "Bearer a.token");
  }
}

TEST(CallCredentials, ATokenIsNotSentInPlainText) {
  Pair pair;
  pair.Open(GreeterListen());
  auto call = Greeting();
  call.set_bearer_token("a.token");
  const auto result = pair.Make(call);
  EXPECT_EQ(result.status(), 16U) << result.message();
  call.clear_bearer_token();
  EXPECT_EQ(pair.Make(call).status(), 0U);
}

}  // namespace
}  // namespace wirecheck::peer
