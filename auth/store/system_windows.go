package store

// systemFolder is empty: on Windows the administrator's layers are not read.
const systemFolder = ""
