//! status-grpc
