"""Calls every service of a running suite, unary and streaming, knowing nothing but the contracts.

Usage: TOKEN=... client.py DESCRIPTORS USERS ORDERS GATEWAY   (an operator's access token, a FileDescriptorSet, and three addresses host:port)
Prints one JSON object a step.
"""

import json
import os
import sys

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory

pool = descriptor_pool.DescriptorPool()
with open(sys.argv[1], "rb") as descriptors:
    for file in descriptor_pb2.FileDescriptorSet.FromString(descriptors.read()).file:
        pool.Add(file)
factory = message_factory.MessageFactory(pool)
bearer = (("authorization", f"Bearer {os.environ['TOKEN']}"),)
channels = {package: grpc.insecure_channel(address) for package, address in zip(("users.v1", "orders.v1", "gateway.v1"), sys.argv[2:5])}


def method(full_name):
    """A method by its name, such as users.v1.UsersService/GetUser: takes and gives dicts, or iterators of them."""
    service, name = full_name.split("/")
    described = pool.FindServiceByName(service).FindMethodByName(name)
    request, response = factory.GetPrototype(described.input_type), factory.GetPrototype(described.output_type)
    proto = descriptor_pb2.MethodDescriptorProto()
    described.CopyToProto(proto)
    channel = channels[service.rsplit(".", 1)[0]]
    kind = channel.stream_stream if proto.client_streaming and proto.server_streaming else channel.unary_unary
    call = kind(
        "/" + full_name,
        request_serializer=lambda message: json_format.ParseDict(message, request()).SerializeToString(),
        response_deserializer=lambda data: json_format.MessageToDict(response.FromString(data), descriptor_pool=pool),
    )
    return lambda argument: call(argument, timeout=30, metadata=bearer)


def show(step, answer):
    print(json.dumps({"step": step, "answer": answer}))


user = method("users.v1.UsersService/CreateUser")({"displayName": "Ada Lovelace", "email": "ada@python.example.com"})["user"]
show("CreateUser", user)

lookups = method("users.v1.UsersService/LookupUsers")(iter([{"calls": [{"callId": "1", "userId": user["userId"]}, {"callId": "2", "userId": "nobody"}]}]))
show("LookupUsers", [result for frame in lookups for result in frame.get("results", [])])

command = {"userId": user["userId"], "lines": [{"productId": "tea", "quantity": 3, "unitPrice": {"currencyCode": "EUR", "units": "4", "nanos": 500000000}}]}
placed = method("orders.v1.OrdersService/PlaceOrders")({"reference": str(i), "command": command} for i in range(10))
show("PlaceOrders", sorted(answer["reference"] for answer in placed if "placed" in answer))

show("ListOrders", len(method("orders.v1.OrdersService/ListOrders")({"userId": user["userId"]})["orders"]))

try:
    method("orders.v1.OrdersService/PlaceOrder")({"userId": "nobody", **{k: v for k, v in command.items() if k != "userId"}})
except grpc.RpcError as error:
    show("PlaceOrder of nobody", error.code().name)

show("GetOverview", method("gateway.v1.GatewayService/GetOverview")({"userId": user["userId"]})["overview"])

overviews = method("gateway.v1.GatewayService/LookupOverviews")(iter([{"calls": [{"callId": "7", "overview": {"userId": user["userId"], "orderLimit": 2}}]}]))
show("LookupOverviews", [len(result["overview"]["orders"]["orders"]) for frame in overviews for result in frame.get("results", [])])
