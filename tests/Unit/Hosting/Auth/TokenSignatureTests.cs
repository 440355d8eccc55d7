using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Microservices.Tests.Support;
using Microsoft.IdentityModel.Tokens;

namespace Microservices.Tests.Unit.Hosting.Auth;

/// <summary>Whose signatures are accepted: those of the authority's own keys, over every bit of the token.</summary>
public sealed class TokenSignatureTests : TokenChecks
{
    [Theory]
    [InlineData("none")]
    [InlineData("None")]
    [InlineData("")]
    public async Task A_token_without_a_signature_is_refused(string algorithm)
    {
        var header = Authority.Header();
        header["alg"] = algorithm;
        var text = TestAuthority.SigningInput(header, PersonClaims());
        await RefusedAsync($"{text}.");
        await RefusedAsync(text);
        await RefusedAsync($"{TestAuthority.SigningInput(Authority.Header(), PersonClaims())}.");
    }

    [Fact]
    public async Task A_token_signed_with_the_public_key_as_a_password_is_refused()
    {
        var header = Authority.Header();
        header["alg"] = "HS256";
        var text = TestAuthority.SigningInput(header, PersonClaims());
        foreach (var secret in (string[])[Authority.KeySet, Authority.PublicKey.ToJsonString(), (string)Authority.PublicKey["x"]!])
            await RefusedAsync($"{text}.{Base64UrlEncoder.Encode(HMACSHA256.HashData(Encoding.UTF8.GetBytes(secret), Encoding.ASCII.GetBytes(text)))}");
    }

    [Theory]
    [InlineData("jwk")]
    [InlineData("jku")]
    [InlineData("x5u")]
    public async Task A_key_that_the_token_brings_along_counts_for_nothing(string parameter)
    {
        var header = Stranger.Header();
        header[parameter] = parameter == "jwk" ? Stranger.PublicKey : "http://127.0.0.1:1/keys";
        await RefusedAsync(Stranger.Sign(PersonClaims(), header));
        header["kid"] = Authority.KeyId;
        await RefusedAsync(Stranger.Sign(PersonClaims(), header));
    }

    [Fact]
    public async Task A_key_that_is_not_the_authoritys_or_not_named_signs_nothing()
    {
        await RefusedAsync(Stranger.Sign(PersonClaims()));
        await RefusedAsync(Stranger.Sign(PersonClaims(), Authority.Header()));
        var header = Authority.Header();
        header.Remove("kid");
        await RefusedAsync(Authority.Sign(PersonClaims(), header));
    }

    [Fact]
    public async Task An_extension_that_must_be_understood_is_not()
    {
        var header = Authority.Header();
        header["crit"] = new JsonArray("exp");
        await RefusedAsync(Authority.Sign(PersonClaims(), header));
    }

    [Fact]
    public async Task Not_a_bit_of_a_token_may_be_another()
    {
        var token = Authority.Person("ada");
        for (var i = 0; i < token.Length; i++)
        {
            var other = token.ToCharArray();
            other[i] = other[i] == 'A' ? 'B' : 'A';
            // What the last character of base64 has beyond the last byte is padding.
            if (i + 1 == token.Length || token[i + 1] == '.')
                continue;
            await RefusedAsync(new string(other));
        }
    }
}
