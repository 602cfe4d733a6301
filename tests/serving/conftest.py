import pytest


@pytest.fixture(params=['rest', 'grpc'])
def transport(request):
    return request.param
