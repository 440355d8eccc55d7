using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;

namespace Microservices.Tests.Integration.Gateway;

/// <summary>What the tests ask of HTTP answers.</summary>
internal static class Http
{
    /// <summary>The body as JSON; checks that nothing internal is in it or in the headers.</summary>
    public static async Task<JsonElement> JsonAsync(this HttpResponseMessage response)
    {
        var text = await response.Content.ReadAsStringAsync();
        var all = response.Headers + text;
        foreach (var inside in (string[])["hunter2", "10.1.2.3", "Exception", "System.", "Microservices.", "   at "])
            Assert.DoesNotContain(inside, all, StringComparison.Ordinal);
        return JsonDocument.Parse(text).RootElement;
    }

    /// <summary>The body as a problem; checks what every problem has.</summary>
    public static async Task<JsonElement> ProblemAsync(this HttpResponseMessage response, int status)
    {
        var problem = await response.JsonAsync();
        Assert.True(status == (int)response.StatusCode, $"expected {status}, not {(int)response.StatusCode}: {problem}");
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType?.MediaType);
        CheckProblem(problem, status);
        Assert.True(response.Headers.CacheControl?.NoStore);
        Assert.Equal(status is 503 or 429, response.Headers.RetryAfter is not null);
        return problem;
    }

    /// <summary>Checks what every problem has, also inside of an answer.</summary>
    public static void CheckProblem(JsonElement problem, int status)
    {
        Assert.Equal(status, problem.GetProperty("status").GetInt32());
        Assert.StartsWith("/problems/", problem.GetProperty("type").GetString(), StringComparison.Ordinal);
        Assert.NotEmpty(problem.GetProperty("title").GetString()!);
        Assert.Matches("^[0-9a-f]{32}$", problem.GetProperty("traceId").GetString()!);
    }

    public static string? Text(this JsonElement element, string name) => element.TryGetProperty(name, out var value) ? value.GetString() : null;

    /// <summary>The names of the fields that a problem says are wrong.</summary>
    public static string[] Fields(this JsonElement problem) =>
        problem.TryGetProperty("errors", out var errors) ? [.. errors.EnumerateObject().Select(field => field.Name)] : [];

    public static HttpContent Body(string json) => Body(Encoding.UTF8.GetBytes(json));

    public static HttpContent Body(byte[] bytes, string? type = "application/json") =>
        new ByteArrayContent(bytes) { Headers = { ContentType = type is null ? null : new MediaTypeHeaderValue(type) } };

    public static Task<HttpResponseMessage> SendAsync(
        this HttpClient client, HttpMethod method, string path, HttpContent? body = null, (string Name, string Value)? header = null, CancellationToken cancellationToken = default)
    {
        var request = new HttpRequestMessage(method, path) { Content = body };
        if (header is { } one)
            request.Headers.TryAddWithoutValidation(one.Name, one.Value);
        return client.SendAsync(request, cancellationToken);
    }
}
