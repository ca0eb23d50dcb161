"""The demonstration: gateway and simulators as real processes over real sockets, and the books at the end."""
