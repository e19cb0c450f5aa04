# The image: two static binaries and nothing else.
#
#   make image                     also works where no registry and no module proxy can be reached
#   docker build -t processmanager --build-arg VERSION=v1.2.3 .
#
# To add it to an image of your own:
#
#   COPY --from=processmanager /processmanager /pmclient /
#   ENTRYPOINT ["/processmanager"]

# Any image with Go and a shell.
ARG BUILD_IMAGE=golang:1.26
FROM ${BUILD_IMAGE} AS build
LABEL org.processmanager.stage=build
ARG VERSION=dev
ARG REVISION=
# A build context that carries its modules (vendor/, as make image prepares it) asks
# nobody; any other asks here.
ARG GOPROXY=https://proxy.golang.org,direct
WORKDIR /src
COPY . .
RUN CGO_ENABLED=0 GOTOOLCHAIN=local go build -trimpath -buildvcs=false \
      -ldflags "-s -w -X main.version=${VERSION} -X main.revision=${REVISION}" -o /out/ ./cmd/processmanager ./cmd/pmclient \
 && mkdir -p /empty/processmanager \
 && chmod 1777 /empty/processmanager

FROM scratch
ARG VERSION=dev
ARG REVISION=
LABEL org.opencontainers.image.title="Process Manager" \
      org.opencontainers.image.description="PID 1 that supervises the processes of a Kubernetes-style manifest" \
      org.opencontainers.image.source="https://github.com/processmanager/processmanager" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"

# The sockets' folder is the one thing that is written to. Like /tmp it is open and
# sticky, because platforms give out user and group ids as they like, and a tmpfs that
# docker mounts over it takes its mode; who may connect is decided by the sockets'
# own modes. A read-only root file system needs a mount here (emptyDir, tmpfs).
COPY --from=build --chown=65532:0 /empty /run
COPY --from=build /out/processmanager /out/pmclient /

# PATH, so that `docker exec NAME pmclient list` works too.
ENV PATH=/ \
    PM_SOCKET=/run/processmanager/processmanager.sock \
    PM_METRICS_ADDR=:9464

USER 65532:65532
EXPOSE 9464
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=5s --retries=3 CMD ["/processmanager", "healthcheck"]
ENTRYPOINT ["/processmanager"]
