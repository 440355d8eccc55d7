using System.Net;
using System.Net.Security;
using System.Text.RegularExpressions;
using Microsoft.Net.Http.Headers;

namespace Microservices.Tests.Integration.Identity;

/// <summary>What came of a request: its status, where it sends the browser, and the page.</summary>
public sealed record Answer(HttpStatusCode Status, string? Location, string Page, HttpResponseMessage Response);

/// <summary>
/// A browser without JavaScript: keeps cookies, and submits forms with what is hidden in them. It follows no redirect by itself. Like real ones it takes secure cookies from
/// this machine without TLS.
/// </summary>
public sealed partial class Browser(Uri origin, string? address, SslClientAuthenticationOptions? tls = null) : IDisposable
{
    private readonly HttpClient http = new(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false, UseProxy = false, SslOptions = tls ?? new() }) { BaseAddress = origin };

    /// <summary>Its cookies.</summary>
    public Dictionary<string, string> Cookies { get; } = [];

    public void Dispose() => http.Dispose();

    public Task<Answer> GetAsync(string path) => SendAsync(new HttpRequestMessage(HttpMethod.Get, path));

    /// <summary>Posts without looking at a page first.</summary>
    public Task<Answer> PostAsync(string path, params (string Name, string Value)[] fields) =>
        SendAsync(new HttpRequestMessage(HttpMethod.Post, path) { Content = new FormUrlEncodedContent(fields.Select(field => KeyValuePair.Create(field.Name, field.Value))) });

    /// <summary>Loads a page, fills in its form, and submits it.</summary>
    public async Task<Answer> SubmitAsync(string path, params (string Name, string Value)[] fields)
    {
        var form = await GetAsync(path);
        Assert.True(form.Status == HttpStatusCode.OK, $"{path}: {form.Status} {form.Location} {form.Page}");
        return await SubmitAsync(path.Split('?')[0], form, fields);
    }

    /// <summary>Fills in the form of a page that is loaded, and submits it.</summary>
    public Task<Answer> SubmitAsync(string path, Answer form, params (string Name, string Value)[] fields)
    {
        var hidden = HiddenField().Matches(form.Page).Select(match => (match.Groups["name"].Value, WebUtility.HtmlDecode(match.Groups["value"].Value)));
        return PostAsync(path, [.. hidden.Where(field => fields.All(given => given.Name != field.Item1)), .. fields]);
    }

    /// <summary>Sends a request, with the cookies.</summary>
    public async Task<Answer> SendAsync(HttpRequestMessage request)
    {
        var response = await BeginAsync(request);
        return new(response.StatusCode, response.Headers.Location?.OriginalString, await response.Content.ReadAsStringAsync(), response);
    }

    /// <summary>Sends a request, with the cookies, and returns when the answer has begun.</summary>
    public async Task<HttpResponseMessage> BeginAsync(HttpRequestMessage request)
    {
        if (address is not null)
            request.Headers.Add("X-Forwarded-For", address);
        if (Cookies.Count > 0)
            request.Headers.Add("Cookie", string.Join("; ", Cookies.Select(cookie => $"{cookie.Key}={cookie.Value}")));
        var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        foreach (var given in response.Headers.TryGetValues("Set-Cookie", out var lines) ? SetCookieHeaderValue.ParseList([.. lines]) : [])
        {
            if (given.Expires < DateTimeOffset.UtcNow)
                Cookies.Remove(given.Name.Value!);
            else
                Cookies[given.Name.Value!] = given.Value.Value!;
        }

        return response;
    }

    [GeneratedRegex("""<input(?: type="hidden")? name="(?<name>[^"]*)"(?: type="hidden")? value="(?<value>[^"]*)" ?/?>""")]
    private static partial Regex HiddenField();
}
