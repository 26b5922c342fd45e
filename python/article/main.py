"""The article's first program: a message to bytes, and back."""

from proto import hello_pb2

name = "World"

request = hello_pb2.HelloRequest()
request.name = name

res_str = request.SerializeToString()
print(res_str)

request2 = hello_pb2.HelloRequest()
request2.ParseFromString(res_str)
print(request2.name)
