# shop:dev, the image of most examples: an ordinary one with Process Manager in it.
#
#   docker build -t shop:dev -f deploy/examples/pods/shop.Dockerfile .
FROM debian:12-slim
COPY --from=processmanager:dev /processmanager /pmclient /usr/local/bin/
# The folder of the sockets, for any user; Pods with a read-only root mount an emptyDir here.
COPY --from=processmanager:dev --chown=65532:0 /run /run
ENV PM_SOCKET=/run/processmanager/processmanager.sock PM_METRICS_ADDR=:9464
USER 65532:65532
ENTRYPOINT ["/usr/local/bin/processmanager"]
