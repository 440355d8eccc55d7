"""The contracts of the suite for Python, from a FileDescriptorSet: messages, and unary methods of a grpc.aio channel."""

import os

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

_pool = descriptor_pool.DescriptorPool()
with open(os.environ["DESCRIPTORS"], "rb") as descriptors:
    for file in descriptor_pb2.FileDescriptorSet.FromString(descriptors.read()).file:
        _pool.Add(file)
_factory = message_factory.MessageFactory(_pool)


def unary(channel, full_name):
    """A method by its name, such as users.v1.UsersService/GetUser, and the class of its request."""
    service, name = full_name.split("/")
    method = _pool.FindServiceByName(service).FindMethodByName(name)
    request, response = _factory.GetPrototype(method.input_type), _factory.GetPrototype(method.output_type)
    call = channel.unary_unary("/" + full_name, request_serializer=request.SerializeToString, response_deserializer=response.FromString)
    return call, request
