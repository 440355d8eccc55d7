using System.Net;
using System.Text.RegularExpressions;

namespace Microservices.Tests.Integration.Identity;

/// <summary>What came of a request: its status, where it sends the browser, and the page.</summary>
public sealed record Answer(HttpStatusCode Status, string? Location, string Page, HttpResponseMessage Response);

/// <summary>A browser without JavaScript: keeps cookies, and submits forms with what is hidden in them. It follows no redirect by itself.</summary>
public sealed partial class Browser(Uri origin, string? address) : IDisposable
{
    private readonly HttpClient http = new(new SocketsHttpHandler { AllowAutoRedirect = false, CookieContainer = new CookieContainer(), UseProxy = false }) { BaseAddress = origin };

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

    private async Task<Answer> SendAsync(HttpRequestMessage request)
    {
        if (address is not null)
            request.Headers.Add("X-Forwarded-For", address);
        var response = await http.SendAsync(request);
        return new(response.StatusCode, response.Headers.Location?.OriginalString, await response.Content.ReadAsStringAsync(), response);
    }

    [GeneratedRegex("""<input(?: type="hidden")? name="(?<name>[^"]*)"(?: type="hidden")? value="(?<value>[^"]*)" ?/?>""")]
    private static partial Regex HiddenField();
}
