# The article's server and client in Python, with the packages that they need beside them.
# `make images` lays out the folder that this is built from, the packages being those for the
# Python of BASE: it makes a base of its own, or takes WIRECHECK_PYTHON_BASE=python:3-slim.
ARG BASE=python:3-slim
FROM ${BASE}
LABEL wirecheck.image=article-python
COPY packages /packages
COPY article /article
WORKDIR /article
ENV PYTHONPATH=/packages PYTHONDONTWRITEBYTECODE=1
# The first process of a container has no default action for SIGTERM and would be waited for.
STOPSIGNAL SIGKILL
CMD ["python3", "server.py"]
