"""The gateway's overview as FastAPI, asyncio.gather, grpc.aio and uvloop do it: two unary calls at the same time, then JSON.

It checks no token: the services do, which it passes on to them.

Environment: DESCRIPTORS (a FileDescriptorSet), USERS and ORDERS (host:port). Arguments: port, worker processes.
"""

import asyncio
import os
import sys

import grpc
import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse

import contracts
import parent

app = FastAPI()


@app.on_event("startup")
async def connect():
    users, orders = grpc.aio.insecure_channel(os.environ["USERS"]), grpc.aio.insecure_channel(os.environ["ORDERS"])
    app.state.get_user = contracts.unary(users, "users.v1.UsersService/GetUser")
    app.state.list_orders = contracts.unary(orders, "orders.v1.OrdersService/ListOrders")
    app.state.states = {0: "unspecified", 1: "placed", 2: "paid", 3: "shipped", 4: "delivered", 5: "cancelled"}


@app.get("/health/ready")
async def ready():
    return "ready"


# An answer that is not to be checked and copied again: the fastest that FastAPI has.
@app.get("/v1/users/{user_id}/overview", response_class=JSONResponse)
async def overview(user_id: str, request: Request):
    caller = (("authorization", request.headers["authorization"]),)
    get_user, user_request = app.state.get_user
    list_orders, orders_request = app.state.list_orders
    user, orders = await asyncio.gather(
        get_user(user_request(user_id=user_id), timeout=10, metadata=caller),
        list_orders(orders_request(user_id=user_id, page_size=10), timeout=10, metadata=caller),
    )
    return JSONResponse({
        "userId": user_id,
        "complete": True,
        "user": {"status": "ok", "data": user_json(user.user)},
        "orders": {"status": "ok", "data": [order_json(order) for order in orders.orders]},
    })


def user_json(user):
    return {
        "userId": user.user_id, "displayName": user.display_name, "email": user.email, "version": user.version,
        "createTime": time_json(user.create_time), "updateTime": time_json(user.update_time),
    }


def order_json(order):
    return {
        "orderId": order.order_id, "userId": order.user_id, "state": app.state.states[order.state],
        "lines": [
            {
                "productId": line.product_id, "quantity": line.quantity, "unitPrice": money_json(line.unit_price),
                "discountBasisPoints": line.discount_basis_points, "total": money_json(line.total),
            }
            for line in order.lines
        ],
        "total": money_json(order.total), "version": order.version,
        "placeTime": time_json(order.place_time), "updateTime": time_json(order.update_time),
    }


def money_json(money):
    fraction = f"{money.nanos:09d}".rstrip("0")
    return {"amount": f"{money.units}.{fraction:0<2}", "currency": money.currency_code}


def time_json(time):
    text = time.ToDatetime().isoformat()
    return (text.rstrip("0") if "." in text else text) + "Z"


if __name__ == "__main__":
    parent.end_with_it()
    uvicorn.run("overview:app", host="127.0.0.1", port=int(sys.argv[1]), workers=int(sys.argv[2]), loop="uvloop", http="httptools", log_level="warning", access_log=False)
