using System.Net;
using System.Net.Http.Headers;
using System.Text;
using Grpc.Core;
using Microservices.Hosting.Errors;
using Microservices.Orders.V1;
using Microservices.Users.V1;

namespace Microservices.Tests.Integration.Gateway;

public sealed class RequestTests : IClassFixture<GatewayFixture>
{
    private readonly GatewayFixture gateway;
    private int asked;

    public RequestTests(GatewayFixture gateway)
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

    [Theory]
    [InlineData("POST", "/v1/users", """{"userId":"ada","displayName":"Ada","email":"ada@example.com"}""")]
    [InlineData("PATCH", "/v1/users/ada", """{"version":3,"displayName":"Ada","email":"ada@example.com"}""")]
    [InlineData("POST", "/v1/orders", """{"orderId":"o1","userId":"ada","lines":[{"productId":"p","quantity":1,"unitPrice":{"amount":"1.25","currency":"EUR"},"discountBasisPoints":5}]}""")]
    [InlineData("POST", "/v1/orders/o1/cancel", """{"version":3}""")]
    [InlineData("POST", "/v1/orders/o1/advance", """{"state":"paid","version":3}""")]
    [InlineData("POST", "/v1/overviews:batchGet", """{"userIds":["ada","bob"],"fields":["user","orders"],"strict":true,"orderLimit":5}""")]
    public async Task Whatever_a_body_is_the_answer_is_good_or_names_what_is_wrong(string method, string path, string good)
    {
        var random = new Random(12);
        for (var i = 0; i < 500; i++)
        {
            var body = Mutate(Encoding.UTF8.GetBytes(good), random);
            var response = await gateway.Rest.SendAsync(new HttpMethod(method), path, Http.Body(body));
            if (response.IsSuccessStatusCode)
                continue;
            Assert.True(response.StatusCode == HttpStatusCode.BadRequest, $"{response.StatusCode} for {Convert.ToBase64String(body)} {Encoding.UTF8.GetString(body)}");
            Assert.NotEmpty((await response.ProblemAsync(400)).Fields());
        }
    }

    [Theory]
    [InlineData(64 * 1024 + 1, false)]
    [InlineData(10_000_000, false)]
    [InlineData(10_000_000, true)]
    public async Task A_body_that_is_too_large_is_413(int bytes, bool chunked)
    {
        CountCalls();
        HttpContent body = chunked
            ? new StreamContent(new MemoryStream(new byte[bytes])) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } }
            : Http.Body(new byte[bytes]);
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/orders") { Content = body };
        request.Headers.TransferEncodingChunked = chunked;

        var problem = await (await gateway.Rest.SendAsync(request)).ProblemAsync(413);

        Assert.Equal("/problems/body-too-large", problem.Text("type"));
        Assert.Equal(0, asked);
    }

    [Fact]
    public async Task A_body_of_just_the_bound_is_read()
    {
        var json = """{"displayName":"A","email":"a@b"}""".PadRight(64 * 1024);
        var response = await gateway.Rest.PostAsync("/v1/users", Http.Body(json));
        Assert.Equal(HttpStatusCode.Created, response.StatusCode);
    }

    [Theory]
    [InlineData("text/plain")]
    [InlineData("application/json; charset=utf-16")]
    [InlineData("application/x-www-form-urlencoded")]
    [InlineData(null)]
    public async Task A_body_that_is_not_JSON_is_415(string? type)
    {
        CountCalls();
        var body = new ByteArrayContent(Encoding.UTF8.GetBytes("""{"displayName":"A","email":"a@b"}"""));
        if (type is not null)
            body.Headers.ContentType = MediaTypeHeaderValue.Parse(type);
        await (await gateway.Rest.PostAsync("/v1/users", body)).ProblemAsync(415);
        Assert.Equal(0, asked);
    }

    [Theory]
    [InlineData("gzip")]
    [InlineData("br")]
    [InlineData("identity, gzip")]
    [InlineData("unknown")]
    public async Task A_body_that_is_compressed_is_415_and_is_not_taken_as_if_it_were_not(string coding)
    {
        CountCalls();
        var body = Http.Body("""{"displayName":"A","email":"a@b"}""");
        body.Headers.TryAddWithoutValidation("Content-Encoding", coding);
        var refused = await gateway.Rest.PostAsync("/v1/users", body);
        await refused.ProblemAsync(415);
        Assert.Equal(["identity"], refused.Headers.GetValues("Accept-Encoding"));
        Assert.Equal(0, asked);
    }

    [Theory]
    [InlineData(9_000, 1, 0, 414, "uri-too-long")]
    [InlineData(60_000, 1, 0, 414, "uri-too-long")]
    [InlineData(10, 1, 33_000, 431, "headers-too-large")]
    [InlineData(10, 1, 120_000, 431, "headers-too-large")]
    [InlineData(10, 120, 1, 431, "headers-too-large")]
    [InlineData(10, 900, 10, 431, "headers-too-large")]
    [InlineData(7_000, 60, 200, 200, null)]
    public async Task A_request_whose_line_or_headers_are_too_long_is_told_so(int query, int headers, int bytes, int status, string? type)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/v1/users/ada?q=" + new string('x', query));
        for (var i = 0; i < headers; i++)
            request.Headers.TryAddWithoutValidation($"X-{i}", new string('x', bytes));
        var response = await gateway.Rest.SendAsync(request);
        if (type is null)
            Assert.Equal(status, (int)response.StatusCode);
        else
            Assert.Equal("/problems/" + type, (await response.ProblemAsync(status)).Text("type"));
    }

    [Theory]
    [InlineData("GET", "/v2/users", 404)]
    [InlineData("GET", "/v1/nothing", 404)]
    [InlineData("POST", "/v1/nothing", 404)]
    [InlineData("DELETE", "/v1/users", 405)]
    [InlineData("PUT", "/v1/users/ada", 405)]
    [InlineData("POST", "/v1/users/ada/overview", 405)]
    [InlineData("GET", "/health/ready", 404)]
    [InlineData("GET", "/openapi/v2.json", 404)]
    [InlineData("GET", "/openapi/v1.yaml", 404)]
    [InlineData("POST", "/openapi/v1.json", 405)]
    [InlineData("POST", "/gateway.v1.GatewayService/GetOverview", 404)]
    [InlineData("POST", "/grpc.health.v1.Health/Check", 404)]
    [InlineData("TRACE", "/v1/users", 405)]
    [InlineData("OPTIONS", "/v1/users", 405)]
    public async Task What_there_is_not_is_a_problem_too(string method, string path, int status) =>
        await (await gateway.Rest.SendAsync(new HttpMethod(method), path)).ProblemAsync(status);

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

    // One to three pieces of it replaced, doubled, cut out or broken.
    private static byte[] Mutate(byte[] json, Random random)
    {
        string[] pieces =
        [
            "\\ud800", "\"\\ud800a\":1,", "\"\\udc00\":{},", "5", "null", "true", "[]", "{}", "\"\"", "1e999", "-0", "\"version\":\"x\",", "\"a b\":[],", "\"$\":1,", "\"['x']\":1,",
            "\"a.b[0]\":2,", "[[[[", "{\"a\":", ",", ":", "\"", "\\", "\u0000", "\uFEFF", "99999999999999999999", "1.5", "/*c*/", "\\u0000", "\"\\u0065mail\":1,",
        ];
        var bytes = json.ToList();
        for (var changes = random.Next(1, 4); changes > 0; changes--)
        {
            var at = random.Next(bytes.Count + 1);
            var piece = Encoding.UTF8.GetBytes(pieces[random.Next(pieces.Length)]);
            switch (random.Next(5))
            {
                case 0:
                    bytes.InsertRange(at, piece);
                    break;
                case 1:
                    bytes.RemoveRange(at, Math.Min(random.Next(1, 12), bytes.Count - at));
                    break;
                case 2:
                    bytes.InsertRange(at, bytes.GetRange(at, Math.Min(random.Next(1, 30), bytes.Count - at)));
                    break;
                case 3:
                    bytes.Insert(at, (byte)random.Next(256));
                    break;
                default:
                    // In place of a value.
                    var colon = bytes.IndexOf((byte)':', Math.Min(at, bytes.Count));
                    if (colon < 0)
                        break;
                    var end = bytes.FindIndex(colon, b => b is (byte)',' or (byte)'}');
                    bytes.RemoveRange(colon + 1, Math.Max(0, end - colon - 1));
                    bytes.InsertRange(colon + 1, piece);
                    break;
            }
        }

        return [.. bytes];
    }

    private async Task RefusedAsync(
        HttpMethod method, string path, HttpContent? body, string fields, string description, (string Name, string Value)? header = null)
    {
        CountCalls();
        var problem = await (await gateway.Rest.SendAsync(method, path, body, header)).ProblemAsync(400);
        Assert.Equal("/problems/invalid-request", problem.Text("type"));
        Assert.Equal("INVALID_FIELDS", problem.Text("reason"));
        Assert.Equal(fields.Split(','), problem.Fields());
        Assert.All(problem.GetProperty("errors").EnumerateObject(), field => Assert.Contains(description, field.Value[0].GetString()!, StringComparison.Ordinal));
        Assert.Equal(0, asked);
    }

    private void CountCalls()
    {
        gateway.Users.OnGet = (_, _) => Count<GetUserResponse>();
        gateway.Users.OnCreate = (_, _) => Count<CreateUserResponse>();
        gateway.Users.OnUpdate = (_, _) => Count<UpdateUserResponse>();
        gateway.Users.OnList = (_, _) => Count<ListUsersResponse>();
        gateway.Orders.OnList = (_, _) => Count<ListOrdersResponse>();
        gateway.Orders.OnPlace = (_, _) => Count<PlaceOrderResponse>();
        gateway.Orders.OnCancel = (_, _) => Count<CancelOrderResponse>();
        gateway.Orders.OnAdvance = (_, _) => Count<AdvanceOrderResponse>();
    }

    private Task<T> Count<T>()
    {
        Interlocked.Increment(ref asked);
        throw new RpcException(new Status(StatusCode.Internal, "reached"));
    }
}
