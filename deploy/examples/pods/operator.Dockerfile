# operator:dev, the sibling of sidecar.yaml: an image with Python, and the client in it.
#
#   docker build -t operator:dev -f deploy/examples/pods/operator.Dockerfile clients/python
FROM python:3.12-slim
COPY --from=processmanager:dev /pmclient /usr/local/bin/
COPY processmanager_client /opt/client/processmanager_client
ENV PYTHONPATH=/opt/client PYTHONDONTWRITEBYTECODE=1
USER 65532:65532
CMD ["sleep", "infinity"]
