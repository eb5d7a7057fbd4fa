# Facegate's image. Nothing in it needs a shell, root, or a root file system that can be written to:
#   docker build -t facegate:0.1.0 .
#   docker run --read-only --cap-drop ALL -v facegate-journal:/var/lib/facegate -p 8080:8080 facegate:0.1.0
# BASE is any image with Python 3.11 to 3.13 as `python3`, its venv module, and glibc (the face model's wheel asks for it).
ARG BASE=docker.io/library/python:3.12-slim-bookworm

FROM ${BASE} AS wheel
WORKDIR /src
# Every package is named in a lock and checked against its digest; pip resolves nothing.
COPY deploy/container/build.lock ./
RUN python3 -m venv /opt/build \
    && /opt/build/bin/pip install --no-cache-dir --require-hashes --no-deps -r build.lock
COPY pyproject.toml README.md LICENSE ./
COPY config config
COPY proxy proxy
RUN /opt/build/bin/pip wheel --no-cache-dir --no-deps --no-build-isolation --wheel-dir /wheels .

FROM ${BASE} AS installed
COPY requirements/run.lock /src/run.lock
RUN python3 -m venv /opt/facegate \
    && /opt/facegate/bin/pip install --no-cache-dir --require-hashes --no-deps -r /src/run.lock
COPY --from=wheel /wheels /wheels
# pip goes last: what runs installs nothing.
RUN /opt/facegate/bin/pip install --no-cache-dir --no-deps --no-index /wheels/*.whl \
    && /opt/facegate/bin/facegate check \
    && /opt/facegate/bin/pip uninstall --yes pip setuptools

FROM ${BASE}
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="facegate" \
      org.opencontainers.image.description="A reverse proxy in front of Azure OpenAI endpoints that screens every request against the service's code of conduct" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
# The volume takes over owner and mode of the folder, so the journal can be written without root.
RUN groupadd --gid 10001 facegate \
    && useradd --uid 10001 --gid 10001 --home-dir /nonexistent --no-create-home --shell /usr/sbin/nologin facegate \
    && install --directory --owner=10001 --group=10001 --mode=0750 /var/lib/facegate
COPY --from=installed /opt/facegate /opt/facegate
COPY config /etc/facegate
COPY deploy/container/proxy.yaml /etc/facegate/proxy.yaml
ENV PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
USER 10001:10001
VOLUME ["/var/lib/facegate"]
EXPOSE 8080 8081
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 \
    CMD ["/opt/facegate/bin/python3", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8081/livez', timeout=2)"]
ENTRYPOINT ["/opt/facegate/bin/facegate"]
CMD ["serve", "--config", "/etc/facegate/proxy.yaml"]
