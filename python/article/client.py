"""The article's client: one call, and the greeting printed."""

import grpc

from proto import hello_pb2, hello_pb2_grpc

if __name__ == "__main__":
    with grpc.insecure_channel("127.0.0.1:50051") as channel:
        stub = hello_pb2_grpc.GreeterStub(channel)
        rsp: hello_pb2.HelloReply = stub.SayHello(hello_pb2.HelloRequest(name="World"))
        print(rsp.message)
