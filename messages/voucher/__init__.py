"""Treasury vouchers (国库集中支付电子化凭证): the MOF envelope, the vouchers in it by their field sets, status queries."""
