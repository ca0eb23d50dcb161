"""XML signatures (XMLDSig, XML 数字签名): a signature inside the document it covers, or beside the bytes it covers."""
