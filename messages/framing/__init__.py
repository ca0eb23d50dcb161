"""Sans-IO framers (报文分帧): whole messages out of a stream of octets, and back."""
