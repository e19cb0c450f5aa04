# The image: two static binaries and nothing else.
#
#   make image                     also works where no registry and no module proxy can be reached
#   make image PLATFORMS=linux/amd64,linux/arm64
#   docker build -t processmanager --build-arg VERSION=v1.2.3 .
#   docker buildx build --platform linux/amd64,linux/arm64 …
#
# To add it to an image of your own:
#
#   COPY --from=processmanager /processmanager /pmclient /
#   ENTRYPOINT ["/processmanager"]

# Any image with Go and a shell, of the machine that builds: Go compiles for the others.
ARG BUILD_IMAGE=golang:1.26
# Builders that know about platforms set this and TARGETARCH.
ARG BUILDPLATFORM
# Where the binaries are: the stage below, or an image that deploy/sh/image has made of
# it. The classic builder of docker refuses to copy from a stage of another platform.
ARG BINARIES=build
FROM --platform=${BUILDPLATFORM:-linux} ${BUILD_IMAGE} AS build
LABEL org.processmanager.stage=build
ARG VERSION=dev
ARG REVISION=
ARG TARGETARCH
# A build context that carries its modules (vendor/, as make image prepares it) asks
# nobody; any other asks here.
ARG GOPROXY=https://proxy.golang.org,direct
WORKDIR /src
COPY . .
RUN mkdir -p /out/run/processmanager \
 && chmod 1777 /out/run/processmanager \
 && CGO_ENABLED=0 GOTOOLCHAIN=local GOOS=linux GOARCH=${TARGETARCH} go build -trimpath -buildvcs=false \
      -ldflags "-s -w -X main.version=${VERSION} -X main.revision=${REVISION}" -o /out/ ./cmd/processmanager ./cmd/pmclient

FROM ${BINARIES} AS binaries

FROM scratch
# First, so that the layers of one platform are not taken from the cache for another.
COPY --from=binaries /out/processmanager /out/pmclient /
ARG VERSION=dev
ARG REVISION=
LABEL org.opencontainers.image.title="Process Manager" \
      org.opencontainers.image.description="PID 1 that supervises the processes of a Kubernetes-style manifest" \
      org.opencontainers.image.source="https://github.com/processmanager/processmanager" \
      org.opencontainers.image.documentation="https://github.com/processmanager/processmanager/blob/main/docs/kubernetes.md" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"

# The sockets' folder is the one thing that is written to. Like /tmp it is open and
# sticky, because platforms give out user and group ids as they like, and a tmpfs that
# docker mounts over it takes its mode; who may connect is decided by the sockets'
# own modes. A read-only root file system needs a mount here (emptyDir, tmpfs).
COPY --from=binaries --chown=65532:0 /out/run /run

# PATH, so that `docker exec NAME pmclient list` works too.
ENV PATH=/ \
    PM_SOCKET=/run/processmanager/processmanager.sock \
    PM_METRICS_ADDR=:9464

USER 65532:65532
EXPOSE 9464
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=5s --retries=3 CMD ["/processmanager", "healthcheck"]
ENTRYPOINT ["/processmanager"]
