"""SFTP and HTTPS, and the Protocols they call."""
