"""Cryptographic messages (CMS, PKCS#7; 密码消息语法 GB/T 35275, GM/T 0010): signed and enveloped data."""
