using System.Buffers.Text;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.WebUtilities;

namespace Microservices.Gateway.Bff;

/// <summary>
/// A login that has begun. The gateway keeps nothing of it: the browser has a secret in a cookie for ten minutes, and <c>state</c> says where to go on, until when, and by its MAC that it is this
/// browser's. The verifier of PKCE follows from the cookie and <c>state</c>, so that several tabs may log in at once.
/// </summary>
internal sealed record Login(string State, string Verifier, string ReturnUrl)
{
    private const string Cookie = "__Host-login-begun";
    private const int SecretBytes = 32;
    private const int MaxReturnUrl = 512;
    private static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(10);

    /// <summary>Begins one.</summary>
    public static Login Begin(HttpContext http, BffKey key, string returnUrl, DateTimeOffset now)
    {
        var secret = SecretOf(http) ?? Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(SecretBytes));
        http.Response.Cookies.Append(Cookie, secret, new() { HttpOnly = true, Secure = true, SameSite = SameSiteMode.Lax, Path = "/", MaxAge = Lifetime, IsEssential = true });
        var content = string.Create(CultureInfo.InvariantCulture, $"{Guid.NewGuid():N}.{(now + Lifetime).ToUnixTimeSeconds()}.{Base64Url.EncodeToString(Encoding.ASCII.GetBytes(returnUrl))}");
        return Of(key, secret, content, returnUrl);
    }

    /// <summary>The one that comes back with this <c>state</c>; null when it was not begun in this browser, or too long ago.</summary>
    public static Login? Find(HttpContext http, BffKey key, string? state, DateTimeOffset now)
    {
        if (SecretOf(http) is not { } secret || state?.LastIndexOf('.') is not (> 0 and var end) || !key.IsMac(state.AsSpan(end + 1), nameof(State), secret, state[..end]))
            return null;
        var content = state[..end];
        // As Begin has written it.
        var parts = content.Split('.');
        return now.ToUnixTimeSeconds() < long.Parse(parts[1], CultureInfo.InvariantCulture) ? Of(key, secret, content, Encoding.ASCII.GetString(WebEncoders.Base64UrlDecode(parts[2]))) : null;
    }

    /// <summary>Whether a browser may be sent there when it has logged in: to a path of this origin, whatever browsers make of it.</summary>
    public static bool IsLocal(string url) =>
        url is ['/', ..] and not ['/', '/', ..] && url.Length <= MaxReturnUrl && !url.Contains('\\', StringComparison.Ordinal) && url.All(c => c is > ' ' and <= '~');

    /// <summary>What Identity is told of the verifier.</summary>
    public string Challenge => Base64Url.EncodeToString(SHA256.HashData(Encoding.ASCII.GetBytes(Verifier)));

    private static Login Of(BffKey key, string secret, string content, string returnUrl) =>
        new($"{content}.{key.Mac(nameof(State), secret, content)}", key.Mac(nameof(Verifier), secret, content), returnUrl);

    private static string? SecretOf(HttpContext http) =>
        http.Request.Cookies[Cookie] is { } secret && secret.Length == Base64Url.GetEncodedLength(SecretBytes) && Base64Url.IsValid(secret) ? secret : null;
}
