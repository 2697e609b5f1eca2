//! Makes typed Rust of the machine-readable descriptions of Tencent Cloud's services.
