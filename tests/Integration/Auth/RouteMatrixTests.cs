using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;
using Microservices.Auth.V1;
using Microservices.Tests.Integration.Gateway;
using Microservices.Tests.Support;
using Microservices.Users.V1;

namespace Microservices.Tests.Integration.Auth;

/// <summary>Every route of the gateway, called by everybody: who may call it is whom the methods let in that it stands for.</summary>
public sealed class RouteMatrixTests(AuthHosts hosts) : IClassFixture<AuthHosts>, IAsyncLifetime, IDisposable
{
    private readonly string ada = $"ada-{Guid.NewGuid():N}";
    private readonly HttpClient http = new(new SocketsHttpHandler { AllowAutoRedirect = false }) { BaseAddress = hosts.Gateway.RestAddress };
    private IReadOnlyList<GatewayRoute> routes = [];
    private OwnedThings things = null!;

    private IEnumerable<GatewayRoute> Guarded => routes.Where(route => !route.IsOpen);

    public async Task InitializeAsync()
    {
        await hosts.Users.CreateUserAsync(new CreateUserRequest { UserId = ada, DisplayName = "Ada Lovelace", Email = $"{ada}@example.com" });
        things = new(hosts, ada);
        routes = await GatewayRoute.AllAsync(hosts.Gateway);
    }

    public Task DisposeAsync() => Task.CompletedTask;

    public void Dispose() => http.Dispose();

    [Fact]
    public async Task Nobody_calls_without_a_token_that_is_valid_and_all_routes_say_so_alike()
    {
        foreach (var (kind, header) in BadTokens.Headers())
        {
            var bodies = new HashSet<string>();
            foreach (var route in Guarded)
            {
                foreach (var method in (string[])[route.Method, .. route.Method == "GET" ? (string[])["HEAD"] : []])
                {
                    using var answer = await SendAsync(route, header, ada, method);
                    Assert.True(answer.StatusCode == HttpStatusCode.Unauthorized, $"{kind}: {method} {route.Path}: {answer.StatusCode}");
                    Assert.Equal("Bearer", answer.Headers.WwwAuthenticate.ToString());
                    Assert.Contains("Authorization", answer.Headers.Vary);
                    Assert.Equal("application/problem+json", answer.Content.Headers.ContentType!.MediaType);
                    if (method == "HEAD")
                        continue;
                    var problem = JsonNode.Parse((await answer.ProblemAsync(401)).GetRawText())!.AsObject();
                    problem.Remove("traceId");
                    bodies.Add(problem.ToJsonString());
                }
            }

            Assert.Single(bodies);
        }
    }

    [Fact]
    public async Task A_body_of_no_type_or_of_another_is_said_to_be_so_once_it_is_known_who_sends_it()
    {
        foreach (var route in Guarded.Where(route => route.Example is not null))
        {
            foreach (var type in (string?[])[null, "text/plain"])
            {
                foreach (var (header, status) in ((string?, int)[])[(null, 401), ($"Bearer {Tokens.Authority.Operator()}", 415)])
                {
                    using var answer = await SendAsync(route, header, ada, body: Http.Body("{}"u8.ToArray(), type));
                    Assert.True(status == (int)answer.StatusCode, $"{route.Name}, {type ?? "no type"}: {answer.StatusCode}, and not {status}");
                }
            }
        }
    }

    [Fact]
    public async Task Headers_of_64_KB_are_too_large_for_every_route()
    {
        foreach (var route in Guarded)
        {
            using var answer = await SendAsync(route, $"Bearer {new string('a', 64 << 10)}", ada);
            await answer.ProblemAsync((int)HttpStatusCode.RequestHeaderFieldsTooLarge);
        }
    }

    [Fact]
    public async Task An_operator_may_what_the_methods_state() =>
        await MayAsync(Tokens.Authority.Operator(), policy => policy.Roles.Contains("operator"));

    [Fact]
    public async Task A_user_may_what_is_its_own() =>
        await MayAsync(Tokens.Authority.Person(ada), policy => policy.Owner.Length > 0 || policy.Roles.Contains("user"));

    [Fact]
    public async Task What_is_anothers_is_refused_or_as_what_does_not_exist()
    {
        foreach (var route in Guarded.Where(route => !route.IsOfCaller))
        {
            using var answer = await SendAsync(route, $"Bearer {Tokens.Authority.Person("bob")}", ada);
            var (status, oneByOne) = route.Policies.All(policy => policy.Owner.Length > 0) ? route.OfAnother : (403, false);
            Assert.True(status == (int)answer.StatusCode, $"{route.Name}: {answer.StatusCode}");
            if (!oneByOne)
                await answer.ProblemAsync(status);
            else
                Assert.Equal(403, (await answer.JsonAsync()).GetProperty("overviews").EnumerateArray().Single().GetProperty("problem").GetProperty("status").GetInt32());
        }
    }

    [Fact]
    public async Task A_token_of_narrower_scope_does_less()
    {
        foreach (var scope in TestAuthority.AllScopes)
        {
            var others = TestAuthority.AllScopes.Where(each => each != scope).ToArray();
            foreach (var scopes in (string[][])[others, [.. others, scope.ToUpperInvariant(), $"{scope}.more"]])
                await MayAsync(Tokens.Authority.Person(ada, ["user", "operator"], scopes), policy => policy.Roles.Contains("operator") && !policy.Scopes.Contains(scope));
        }
    }

    [Fact]
    public async Task A_service_may_what_the_methods_state_and_a_user_who_is_called_like_it_may_not()
    {
        foreach (var service in (string[])["users", "orders", "notifications", "webhooks", "jobs", "gateway", "identity", "elsewhere"])
        {
            await MayAsync(Tokens.Authority.Workload(service), policy => policy.Workloads.Contains(service));
            await MayAsync(Tokens.Authority.Sign(Tokens.Authority.Claims(service, "app", ["workload"], [])), _ => false);
        }
    }

    [Fact]
    public async Task These_routes_are_open_to_all_and_answer_whoever_asks_alike()
    {
        Assert.Equal(
            [
                "ANY /.well-known/{**rest}", "ANY /account/{**rest}", "ANY /connect/{**rest}", "GET /", "GET /assets/*", "GET /bff/callback", "GET /bff/login", "GET /docs/favicon.svg", "GET /docs/scalar.aspnetcore.js", "GET /docs/scalar.js", "GET /docs/{documentName?}",
                "GET /notifications", "GET /openapi/{documentName:regex(^v1$)}.json", "GET /orders", "GET /orders/{orderId}", "GET /problems/*", "GET /sessions", "GET /streams", "GET /topics", "GET /topics/{topic}", "GET /users", "GET /users/{userId}", "GET /webhooks", "GET /webhooks/{endpointId}",
                "POST /in/{sourceId}",
            ],
            routes.Where(route => route.IsOpen).Select(route => route.Path.Split('/') is ["", ("assets" or "problems") and var folder, _] ? $"GET /{folder}/*" : route.Name).Distinct().Order(StringComparer.Ordinal));

        foreach (var route in routes.Where(route => route.IsOpen))
        {
            var path = route.Path.Replace("{**rest}", "login", StringComparison.Ordinal).Replace("{documentName:regex(^v1$)}", "v1", StringComparison.Ordinal).Replace("{documentName?}", "", StringComparison.Ordinal).Replace("{sourceId}", "nothing", StringComparison.Ordinal);
            var answers = new HashSet<string>();
            foreach (var header in (string[])[.. BadTokens.Headers().Select(bad => bad.Header), $"Bearer {Tokens.Authority.Operator()}", $"Bearer {Tokens.Authority.Person("bob")}"])
            {
                using var request = new HttpRequestMessage(route.Method == "POST" ? HttpMethod.Post : HttpMethod.Get, path);
                request.Headers.TryAddWithoutValidation("authorization", header);
                using var answer = await http.SendAsync(request);
                // There is no such source, whoever asks.
                Assert.True(answer.StatusCode == HttpStatusCode.NotFound ? route.Method == "POST" : answer.StatusCode is HttpStatusCode.OK or HttpStatusCode.Found or HttpStatusCode.ServiceUnavailable, $"{path}: {answer.StatusCode}");
                // Identity is not there, and neither is a key of the gateway, without which nobody logs in.
                Assert.Equal(answer.StatusCode == HttpStatusCode.ServiceUnavailable, route.Method == "ANY" || route.IsOfCaller);
                answers.Add($"{answer.StatusCode} {answer.Headers.Location} {answer.Content.Headers.ContentType} {answer.Content.Headers.ContentLength}");
            }

            Assert.Single(answers);
        }
    }

    [Theory]
    [InlineData("/health/live")]
    [InlineData("/health/ready")]
    [InlineData("/metrics")]
    public async Task The_management_port_asks_for_no_token(string path)
    {
        foreach (var header in (string[])["", "Bearer nonsense"])
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(hosts.Gateway.Management, path));
            request.Headers.TryAddWithoutValidation("authorization", header);
            using var answer = await http.SendAsync(request);
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        }
    }

    [Fact]
    public async Task The_description_says_of_every_guarded_route_who_may_call_it_and_of_no_other()
    {
        var paths = JsonNode.Parse(await http.GetStringAsync("/openapi/v1.json"))!["paths"]!.AsObject();
        var described = (from path in paths from operation in path.Value!.AsObject() select (Name: $"{operation.Key.ToUpperInvariant()} {path.Key}", Operation: operation.Value!)).ToDictionary(each => each.Name, each => each.Operation);

        Assert.Equal(Guarded.Select(route => route.Name).Order(), described.Keys.Order());
        foreach (var route in Guarded)
        {
            var operation = described[route.Name];
            Assert.NotNull(operation["security"]![0]!["bearer"]);
            Assert.All((int[])[401, 403], status => Assert.NotNull(operation["responses"]![status.ToString(CultureInfo.InvariantCulture)]));
            Assert.All(route.Policies.SelectMany(policy => policy.Scopes), scope => Assert.Contains($"`{scope}`", (string)operation["description"]!, StringComparison.Ordinal));
        }
    }

    private async Task MayAsync(string token, Func<AccessPolicy, bool> may)
    {
        foreach (var route in Guarded)
        {
            using var answer = await SendAsync(route, $"Bearer {token}", ada);
            var expected = route.Policies.All(may);
            Assert.True(answer.StatusCode != HttpStatusCode.Unauthorized && expected == (answer.StatusCode != HttpStatusCode.Forbidden), $"{route.Name}: {answer.StatusCode}");
            Assert.False(expected && answer.StatusCode == HttpStatusCode.NotFound, $"{route.Name}: {answer.StatusCode}");
            Assert.Contains("Authorization", answer.Headers.Vary);
            if (!expected)
                await answer.ProblemAsync(403);
        }
    }

    private async Task<HttpResponseMessage> SendAsync(GatewayRoute route, string? authorization, string owner, string? method = null, HttpContent? body = null)
    {
        using var request = route.Request(owner, await things.MakeAsync(), method);
        request.Content = body ?? request.Content;
        request.Headers.TryAddWithoutValidation("authorization", authorization);
        // Events go on and on: the headers say how it came out.
        var answer = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead).WaitAsync(Eventually.Timeout);
        await things.AnsweredAsync(route, answer);
        return answer;
    }
}
