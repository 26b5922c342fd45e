# The article's server and client in Rust, and the shared libraries that they load.
# `make images` lays out the folder that this is built from.
FROM scratch
LABEL wirecheck.image=article-rust
ADD libraries.tar /
COPY article-server article-client /
# The first process of a container has no default action for SIGTERM and would be waited for.
STOPSIGNAL SIGKILL
CMD ["/article-server"]
