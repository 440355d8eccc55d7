using Grpc.Core;
using Microservices.Hosting.Errors;

namespace Microservices.Tests.Integration.Gateway;

/// <summary>Whatever is wrong with a field, a parameter or a header is said by the name that the caller wrote, whoever finds it.</summary>
public sealed class FieldErrorTests : IClassFixture<GatewayFixture>
{
    private readonly GatewayFixture gateway;

    public FieldErrorTests(GatewayFixture gateway)
    {
        this.gateway = gateway;
        gateway.Reset();
    }

    [Theory]
    [InlineData("""{"displayName":5,"email":"a@b"}""", "displayName", "must be a string")]
    [InlineData("""{"displayName":"A","email":null}""", "email", "is required")]
    [InlineData("""{}""", "displayName,email", "is required")]
    [InlineData("""{"displayName":"A","email":"a@b","admin":true}""", "admin", "is not a known field")]
    [InlineData("""{"displayName":"A","email":"a@b","user_id":"x"}""", "user_id", "is not a known field")]
    [InlineData("""{"displayName":"A","email":"a@b","DisplayName":"A"}""", "DisplayName", "is not a known field")]
    [InlineData("""{"displayName":"A","email":"a@b","a b":1}""", "['a b']", "is not a known field")]
    [InlineData("""{"displayName":"A","email":"a@b","email":"c@d"}""", "email", "must be given once")]
    [InlineData("""{"displayName":"\ud800","email":"a@b"}""", "displayName", "must be valid Unicode")]
    [InlineData("""{"displayName":"A","email":"a@b","":1}""", "", "is not a known field")]
    [InlineData("""{"displayName":5,"\ud800aaaaaaaaaa":1}""", "displayName", "must be a string")]
    [InlineData("""{"\udc00":1,"displayName":5,"\ud800":1}""", "$", "has a name that is not valid Unicode")]
    [InlineData("""{"displayName":{"a":1},"email":"a@b"}""", "displayName", "must be a string")]
    [InlineData("""{"displayName":"A",""", "$", "is not valid JSON: line 1")]
    [InlineData("""{"displayName":"A","email":"a@b"} x""", "$", "is not valid JSON")]
    [InlineData("""["displayName"]""", "$", "must be an object")]
    [InlineData("""null""", "$", "must be an object")]
    [InlineData("", "$", "is not valid JSON")]
    public Task A_user_that_is_not_right_is_refused_by_the_name_of_the_field(string json, string fields, string description) =>
        RefusedAsync(HttpMethod.Post, "/v1/users", Http.Body(json), fields, description);

    [Theory]
    [InlineData("""{"userId":"ada","lines":[{LINE},{"quantity":1}]}""", "lines[1].productId,lines[1].unitPrice", "is required")]
    [InlineData("""{"userId":"ada","lines":[{LINE},{"quantity":"2"}]}""", "lines[1].quantity", "must be a whole number from -2147483648 to 2147483647")]
    [InlineData("""{"userId":"ada","lines":[{"quantity":99999999999}]}""", "lines[0].quantity", "must be a whole number")]
    [InlineData("""{"userId":"ada","lines":[{"quantity":1e400}]}""", "lines[0].quantity", "must be a whole number")]
    [InlineData("""{"userId":"ada","lines":[{"quantity":1.5}]}""", "lines[0].quantity", "must be a whole number")]
    [InlineData("""{"userId":"ada","lines":[null]}""", "lines[0]", "must be an object")]
    [InlineData("""{"userId":"ada","lines":{}}""", "lines", "must be an array")]
    [InlineData("""{"userId":"ada","lines":[{"quantity":"2","\ud800aaaaaaaaaa":1}]}""", "lines[0].quantity", "must be a whole number")]
    [InlineData("""{"userId":"ada","lines":[{"quantity":1,"unitPrice":{"amount":1,"\udfff":2}}]}""", "lines[0].unitPrice.amount", "must be a string")]
    [InlineData("""{"userId":"ada","lines":[{"productId":"p","quantity":1,"unitPrice":{"amount":"-1.5","currency":"EUR"}}]}""", "lines[0].unitPrice.amount", "must not be negative")]
    [InlineData("""{"userId":"ada","lines":[{"productId":"p","quantity":1,"unitPrice":{"amount":"-0.01","currency":"EUR"}}]}""", "lines[0].unitPrice.amount", "must not be negative")]
    [InlineData("""{"userId":"ada"}""", "lines", "is required")]
    [InlineData("""{"userId":"ada","lines":[{"productId":"p","quantity":1,"unitPrice":12.5}]}""", "lines[0].unitPrice", "must be an object")]
    [InlineData("""{"userId":"ada","lines":[{"productId":"p","quantity":1,"unitPrice":{"amount":12.5,"currency":"EUR"}}]}""", "lines[0].unitPrice.amount", "must be a string")]
    [InlineData("""{"userId":"ada","lines":[{"productId":"p","quantity":1,"unitPrice":{"amount":"12,5","currency":"EUR"}}]}""", "lines[0].unitPrice.amount", "must be a decimal number")]
    [InlineData("""{"userId":"ada","lines":[{"productId":"p","quantity":1,"unitPrice":{"amount":"1e3","currency":"EUR"}}]}""", "lines[0].unitPrice.amount", "must be a decimal number")]
    [InlineData("""{"userId":"ada","lines":[{"productId":"p","quantity":1,"unitPrice":{"amount":"0.1234567890","currency":"EUR"}}]}""", "lines[0].unitPrice.amount", "must be a decimal number")]
    [InlineData("""{"userId":"ada","lines":[{"productId":"p","quantity":1,"unitPrice":{"currency":"EUR"}}]}""", "lines[0].unitPrice.amount", "is required")]
    [InlineData("""{"userId":"ada","lines":[{"productId":"p","quantity":1,"unitPrice":{"amount":"1"}}]}""", "lines[0].unitPrice.currency", "is required")]
    [InlineData("""{"userId":"ada","lines":[{LINE,"total":{"amount":"0.01","currency":"EUR"}}]}""", "lines[0].total", "is not a known field")]
    [InlineData("""{"userId":"ada","lines":[{LINE,"quantity":2}]}""", "lines[0].quantity", "must be given once")]
    public Task An_order_that_is_not_right_is_refused_by_the_name_of_the_field(string json, string fields, string description) =>
        RefusedAsync(HttpMethod.Post, "/v1/orders", Http.Body(json.Replace(
            "LINE", "\"productId\":\"p\",\"quantity\":1,\"unitPrice\":{\"amount\":\"1\",\"currency\":\"EUR\"}", StringComparison.Ordinal)), fields, description);

    [Theory]
    [InlineData("PATCH", "/v1/users/ada", """{"displayName":"A"}""", "version", "is required")]
    [InlineData("PATCH", "/v1/users/ada", """{"version":1}""", "$", "displayName and email")]
    [InlineData("PATCH", "/v1/users/ada", """{"version":"1","email":"a@b"}""", "version", "must be a whole number from -9223372036854775808")]
    [InlineData("POST", "/v1/orders/o1/advance", """{"state":"lost"}""", "state", "must be one of paid, shipped, delivered")]
    [InlineData("POST", "/v1/orders/o1/advance", """{"state":"unknown"}""", "state", "must be one of paid, shipped, delivered")]
    [InlineData("POST", "/v1/orders/o1/advance", """{"state":"placed"}""", "state", "must be one of paid, shipped, delivered")]
    [InlineData("POST", "/v1/orders/o1/advance", """{"state":"placed, paid"}""", "state", "must be one of paid, shipped, delivered")]
    [InlineData("POST", "/v1/orders/o1/advance", """{"state":"paid,shipped"}""", "state", "must be one of paid, shipped, delivered")]
    [InlineData("POST", "/v1/orders/o1/advance", """{"state":"PAID"}""", "state", "must be one of paid, shipped, delivered")]
    [InlineData("POST", "/v1/orders/o1/advance", """{"state":" paid "}""", "state", "must be one of paid, shipped, delivered")]
    [InlineData("POST", "/v1/orders/o1/advance", """{"state":"2"}""", "state", "must be one of paid, shipped, delivered")]
    [InlineData("POST", "/v1/orders/o1/advance", """{"state":""}""", "state", "must be one of paid, shipped, delivered")]
    [InlineData("POST", "/v1/orders/o1/advance", """{"state":["paid"]}""", "state", "must be one of paid, shipped, delivered")]
    [InlineData("POST", "/v1/orders/o1/advance", """{"state":"\ud800"}""", "state", "must be one of paid, shipped, delivered")]
    [InlineData("POST", "/v1/orders/o1/advance", """{"state":2}""", "state", "must be one of")]
    [InlineData("POST", "/v1/orders/o1/advance", """{}""", "state", "is required")]
    [InlineData("POST", "/v1/orders/o1/cancel", """{"force":true}""", "force", "is not a known field")]
    public Task A_change_that_is_not_right_is_refused_by_the_name_of_the_field(string method, string path, string json, string fields, string description) =>
        RefusedAsync(new HttpMethod(method), path, Http.Body(json), fields, description);

    [Theory]
    [InlineData("/v1/users/ada/overview?orderLimit=abc", "orderLimit")]
    [InlineData("/v1/users/ada/overview?orderLimit=-1", "orderLimit")]
    [InlineData("/v1/users/ada/overview?orderLimit=99999999999", "orderLimit")]
    [InlineData("/v1/users/ada/overview?strict=maybe", "strict")]
    [InlineData("/v1/users/ada/overview?strict=true&strict=false", "strict")]
    [InlineData("/v1/users/ada/overview?fields=", "fields")]
    [InlineData("/v1/users/ada/overview?fields=user,all", "fields")]
    [InlineData("/v1/users/ada/orders?pageSize=1.5", "pageSize")]
    [InlineData("/v1/users?pageSize=", "pageSize")]
    public Task A_parameter_that_is_not_right_is_refused_by_its_name(string path, string parameter) =>
        RefusedAsync(HttpMethod.Get, path, null, parameter, "must ");

    [Theory]
    [InlineData("0")]
    [InlineData("0.0")]
    [InlineData("-1")]
    [InlineData("abc")]
    [InlineData("1e3")]
    [InlineData("5s")]
    [InlineData("")]
    [InlineData("99999999999999999999")]
    public Task A_timeout_that_is_no_number_of_seconds_is_refused(string value) =>
        RefusedAsync(HttpMethod.Get, "/v1/users/ada/overview", null, "Request-Timeout", "must be a number of seconds", ("Request-Timeout", value));

    [Fact]
    public Task An_empty_idempotency_key_is_refused() =>
        RefusedAsync(HttpMethod.Post, "/v1/users", Http.Body("""{"displayName":"A","email":"a@b"}"""), "Idempotency-Key", "not empty", ("Idempotency-Key", ""));

    [Fact]
    public async Task Bytes_that_are_not_UTF8_are_refused_by_the_name_of_the_field()
    {
        byte[] json = [.. "{\"email\":\"a@b\",\"displayName\":\""u8, 0xC3, 0x28, .. "\"}"u8];
        await RefusedAsync(HttpMethod.Post, "/v1/users", Http.Body(json), "displayName", "must be valid Unicode");
    }

    [Fact]
    public async Task A_body_nested_without_end_is_refused()
    {
        var (open, close) = (new string('[', 20_000), new string(']', 20_000));
        await RefusedAsync(HttpMethod.Post, "/v1/users", Http.Body("{\"displayName\":" + open + close + "}"), "displayName", "must be a string");
        await RefusedAsync(HttpMethod.Post, "/v1/users", Http.Body("{\"displayName\":" + open), "displayName", "must be a string");
    }

    [Fact]
    public async Task What_a_service_says_of_fields_names_them_as_the_caller_wrote_them()
    {
        var violations = new FieldViolations();
        foreach (var field in (string[])["lines[2].unit_price", "lines[2].unit_price.currency_code", "lines[0].unit_price.nanos", "user_id", "idempotency_key"])
            violations.Add(field, "is wrong");
        violations.Add("user_id", "is bad");
        gateway.Orders.OnPlace = (_, _) => throw new ErrorDomain("orders.v1").Invalid(violations).ToRpcException();

        var problem = await (await gateway.Rest.PostAsync("/v1/orders", Http.Body("""{"userId":"","lines":[]}"""))).ProblemAsync(400);

        Assert.Equal(["lines[2].unitPrice", "lines[2].unitPrice.currency", "lines[0].unitPrice.amount", "userId", "Idempotency-Key"], problem.Fields());
        Assert.Equal(["is wrong", "is bad"], problem.GetProperty("errors").GetProperty("userId").EnumerateArray().Select(text => text.GetString()));
        Assert.Equal("INVALID_FIELDS", problem.Text("reason"));
    }

    [Fact]
    public async Task What_a_service_says_of_a_field_in_its_text_names_it_as_the_caller_wrote_it()
    {
        gateway.Users.OnCreate = (_, _) => throw new StatusException(new ErrorDomain("users.v1").AlreadyExists("users.v1.User", "user_id", "ada")).Status.ToRpcException();
        var problem = await (await gateway.Rest.PostAsync("/v1/users", Http.Body("""{"userId":"ada","displayName":"A","email":"a@b"}"""))).ProblemAsync(409);
        Assert.Equal("There is already a user with this userId.", problem.Text("detail"));
        Assert.Equal(["userId"], problem.Fields());
    }

    [Theory]
    [InlineData(StatusCode.FailedPrecondition, "ORDER_STATE", 422)]
    [InlineData(StatusCode.Aborted, "VERSION_MISMATCH", 409)]
    [InlineData(StatusCode.AlreadyExists, "ALREADY_EXISTS", 409)]
    public async Task What_a_service_says_of_the_request_is_passed_on(StatusCode code, string reason, int status)
    {
        gateway.Orders.OnCancel = (_, _) => throw GatewayFixture.Contract("orders.v1", code, reason, "The order is delivered.");
        var problem = await (await gateway.Rest.PostAsync("/v1/orders/o1/cancel", null)).ProblemAsync(status);
        Assert.Equal(reason, problem.Text("reason"));
        Assert.Equal("The order is delivered.", problem.Text("detail"));
    }

    private async Task RefusedAsync(
        HttpMethod method, string path, HttpContent? body, string fields, string description, (string Name, string Value)? header = null)
    {
        var calls = new CountedCalls(gateway);
        var problem = await (await gateway.Rest.SendAsync(method, path, body, header)).ProblemAsync(400);
        Assert.Equal("/problems/invalid-request", problem.Text("type"));
        Assert.Equal("INVALID_FIELDS", problem.Text("reason"));
        Assert.Equal(fields.Split(','), problem.Fields());
        Assert.All(problem.GetProperty("errors").EnumerateObject(), field => Assert.Contains(description, field.Value[0].GetString()!, StringComparison.Ordinal));
        Assert.Equal(0, calls.Count);
    }
}
