/** The gRPC status codes that the gateway answers with itself. */
export const GRPC_STATUS = {
  resourceExhausted: 8,
  unimplemented: 12,
  unavailable: 14,
} as const;

/** One of {@linkcode GRPC_STATUS}. */
export type GatewayStatus = typeof GRPC_STATUS[keyof typeof GRPC_STATUS];
