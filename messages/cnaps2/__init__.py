"""Messages of the second-generation payment system (第二代支付系统报文): block header, signature block, XML body."""
