# operator:dev, the sibling of sidecar.yaml: an image with Python, and the client in it.
#
#   docker build -t operator:dev -f deploy/examples/pods/operator.Dockerfile clients/python
FROM python:3.12-slim
COPY --from=processmanager:dev /pmclient /usr/local/bin/
# The folder of the sockets, for any user: podman gives an emptyDir the owner and mode of the
# folder that it is mounted over, in whichever container starts first.
COPY --from=processmanager:dev --chown=65532:0 /run /run
COPY processmanager_client /opt/client/processmanager_client
ENV PYTHONPATH=/opt/client PYTHONDONTWRITEBYTECODE=1
USER 65532:65532
CMD ["sleep", "infinity"]
