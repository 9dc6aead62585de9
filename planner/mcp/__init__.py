"""`mindseye mcp`: the mind's eye as tools of the Model Context Protocol.

https://modelcontextprotocol.io, with the official Python SDK (extra `mcp`).
"""
