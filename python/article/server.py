"""The article's server: greets whoever calls, on port 50051."""

from concurrent import futures

import grpc

from proto import hello_pb2, hello_pb2_grpc


class Greeter(hello_pb2_grpc.GreeterServicer):
    """Answers every call of the greeter."""

    def SayHello(
        self, request: hello_pb2.HelloRequest, context: grpc.ServicerContext
    ) -> hello_pb2.HelloReply:
        return hello_pb2.HelloReply(message=f"Hello, {request.name}")


if __name__ == "__main__":
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=10))
    hello_pb2_grpc.add_GreeterServicer_to_server(Greeter(), server)
    # On all interfaces, as the article prints it.
    server.add_insecure_port("0.0.0.0:50051")
    server.start()
    server.wait_for_termination()
